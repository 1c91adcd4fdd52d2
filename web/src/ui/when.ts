const day = new Intl.DateTimeFormat('en-IE', { dateStyle: 'long' })
const dayAndTime = new Intl.DateTimeFormat('en-IE', { dateStyle: 'medium', timeStyle: 'short' })
const time = new Intl.DateTimeFormat('en-IE', { timeStyle: 'medium' })

/** Dates for people, from ISO 8601. */
export const formatDay = (iso: string): string => day.format(new Date(iso))
export const formatMoment = (iso: string): string => dayAndTime.format(new Date(iso))
export const formatTime = (iso: string): string => time.format(new Date(iso))
