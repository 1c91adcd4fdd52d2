import { Link } from '@tanstack/react-router'

export function Footer() {
  return (
    <footer className="footer">
      <div className="footer-in">
        <p>
          <strong>Sidecart</strong> sells good things that do not exist. No card is ever charged.
        </p>
        <nav aria-label="More">
          <Link to="/shop">All products</Link>
          <Link to="/account">Your account</Link>
          <Link to="/ops">Operations</Link>
          <a href="/docs">API</a>
          <Link to="/events">Events</Link>
        </nav>
      </div>
    </footer>
  )
}
