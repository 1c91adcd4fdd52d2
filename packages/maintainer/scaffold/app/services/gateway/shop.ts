/** The parts of the gateway that know the services behind it: routes of its own, and paths with large responses. */
export const shop = {}

/** Each gateway counts requests for its own limit. */
export const createRequestCounts = (_sidecar: unknown): undefined => undefined

/** No service of this project keeps sessions. */
export const createEndedSessions = (_sidecar: unknown): undefined => undefined
