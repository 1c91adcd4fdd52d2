import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import './styles/tokens.css'
import './styles/base.css'
import './ui/controls.css'
import './ui/feedback.css'
import { createQueries, forgetMine } from './api/queries.ts'
import { onSession } from './api/session.ts'
import { createShopRouter } from './router.tsx'
import { applyTheme } from './ui/theme.ts'

applyTheme()
const queries = createQueries()
const router = createShopRouter(queries)
onSession(() => {
  forgetMine(queries)
  void router.invalidate()
})

const app = document.getElementById('app')
if (!app) throw new Error('index.html has no #app')
createRoot(app).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
