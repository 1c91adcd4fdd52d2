import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'
import { refuseOtherOrigins } from './same-origin.ts'

/**
 * Loaded before maildev. The SMTP server inside it lets everybody wait 100 ms before it greets them, to catch those
 * who do not wait: good against spam, but anyone who hands over one mail at a time gets rid of eight a second.
 */
SMTPConnection.prototype.init = function init(this: SMTPConnection) {
  this._setListeners(() => this.connectionReady())
}

/** Its web server answers any page of any origin: every site that somebody visits here could read the mails. */
refuseOtherOrigins((process.env.MAIL_HOSTS ?? '').split(',').filter(Boolean))
