import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'

/**
 * Loaded before maildev. The SMTP server inside it lets everybody wait 100 ms before it greets them, to catch those
 * who do not wait: good against spam, but whoever hands over one mail at a time gets rid of eight a second.
 */
SMTPConnection.prototype.init = function init(this: SMTPConnection) {
  this._setListeners(() => this.connectionReady())
}
