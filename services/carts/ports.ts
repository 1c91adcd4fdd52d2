import type { Basket } from './domain.ts'

export type CartStore = {
  find(userId: string): Promise<Basket>
  /**
   * Applies `change` to the newest basket and saves it; again when another was faster, a bounded number of
   * times. A change that answers the same basket saves nothing.
   */
  update(userId: string, change: (basket: Basket) => Basket): Promise<Basket | 'contended'>
}
