/**
 * How long the broker is away, in seconds: OUTAGE_SECONDS, or 150. The client of NATS in Dapr's component tries to
 * reconnect 60 times, every 2 s, and then never again: an outage longer than these 120 s takes another path than a short
 * one.
 */
export const outageSeconds = Number(process.env.OUTAGE_SECONDS ?? 150)
