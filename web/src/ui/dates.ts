const locale = 'en-IE'
const day = new Intl.DateTimeFormat(locale, { dateStyle: 'long' })
const dayAndTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
const dayAndSeconds = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
const seconds = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' })

/** Formats ISO 8601 dates for people, in the time zone of the browser. */
export const formatDay = (iso: string): string => day.format(new Date(iso))
export const formatMoment = (iso: string): string => dayAndTime.format(new Date(iso))

/** The time to the second, with the day unless today. */
export function formatTime(iso: string, now = new Date()): string {
  const at = new Date(iso)
  return (day.format(at) === day.format(now) ? seconds : dayAndSeconds).format(at)
}
