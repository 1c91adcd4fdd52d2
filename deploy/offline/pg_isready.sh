#!/bin/bash
# Accepts the options of pg_isready, and asks only whether somebody listens.
exec 3<>/dev/tcp/127.0.0.1/5432
