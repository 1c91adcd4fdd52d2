import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'
import { refuseOtherOrigins } from './same-origin.ts'

/**
 * Loaded before maildev. Removes a delay of 100 ms before the greeting of its SMTP server. The delay detects impatient
 * spammers, but limits a client sending one mail at a time to eight a second.
 */
SMTPConnection.prototype.init = function init(this: SMTPConnection) {
  this._setListeners(() => this.connectionReady())
}

/** maildev's web server allows any origin, so any web site visited on this machine could read the mails. */
refuseOtherOrigins((process.env.MAIL_HOSTS ?? '').split(',').filter(Boolean))
