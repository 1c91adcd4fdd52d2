import { useSyncExternalStore } from 'react'
import { isSignedIn, onSession } from './session.ts'

/** Whether somebody is signed in, here or in another tab. */
export const useSignedIn = (): boolean => useSyncExternalStore(onSession, isSignedIn)
