import type { ComponentProps } from 'react'

type PictureProps = { sku: string; alt?: string; eager?: boolean } & Pick<
  ComponentProps<'img'>,
  'fetchPriority'
>

/** The drawn picture of a product. `alt` is empty beside the product name. */
export function Picture({ sku, alt = '', eager = false, fetchPriority }: PictureProps) {
  return (
    <span className="picture">
      <img
        src={`/products/${encodeURIComponent(sku)}/picture.svg`}
        alt={alt}
        width={480}
        height={480}
        loading={eager ? 'eager' : 'lazy'}
        decoding="async"
        fetchPriority={fetchPriority}
        onError={({ currentTarget }) => {
          currentTarget.hidden = true
        }}
      />
    </span>
  )
}
