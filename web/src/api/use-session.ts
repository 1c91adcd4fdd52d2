import { useSyncExternalStore } from 'react'
import { currentUser, isSignedIn, onSession } from './session.ts'

/** Whether a user is signed in, here or in another tab. */
export const useSignedIn = (): boolean => useSyncExternalStore(onSession, isSignedIn)

/** Id of the current user, signed in here or in another tab. */
export const useUser = (): string | undefined => useSyncExternalStore(onSession, currentUser)
