import { useSyncExternalStore } from 'react'
import { currentUser, isSignedIn, onSession } from './session.ts'

/** Whether somebody is signed in, here or in another tab. */
export const useSignedIn = (): boolean => useSyncExternalStore(onSession, isSignedIn)

/** The id of the user who is signed in, here or in another tab. */
export const useUser = (): string | undefined => useSyncExternalStore(onSession, currentUser)
