import type { Cart } from './domain.ts'

export type CartStore = {
  find(userId: string): Promise<Cart>
  /**
   * Applies `change` to the newest cart and saves the result. After a concurrent save, repeats a bounded number of
   * times. A change that returns the same object saves nothing.
   */
  update(userId: string, change: (cart: Cart) => Cart): Promise<Cart | 'contended'>
}
