import type { Basket } from './domain.ts'

export type CartStore = {
  find(userId: string): Promise<Basket>
  /**
   * Applies `change` to the newest cart and saves the result. After a concurrent save, repeats a bounded number of
   * times. A change that returns the same object saves nothing.
   */
  update(userId: string, change: (basket: Basket) => Basket): Promise<Basket | 'contended'>
}
