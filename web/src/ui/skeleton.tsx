/** Placeholder while loading. */
export function Skeleton({ height, width = '100%' }: { height: string; width?: string }) {
  return <span className="skeleton" style={{ height, width }} aria-hidden="true" />
}
