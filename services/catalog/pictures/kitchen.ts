import {
  ball,
  box,
  disc,
  faint,
  ink,
  line,
  lit,
  mix,
  oval,
  path,
  round,
  type Shades,
  shadow,
  trimLit,
  trimRound,
  turned,
} from './brush.ts'

const steam = [
  line('M190 122 C172 98 206 84 190 58', '#ffffff', 7, faint(0.55)),
  line('M238 116 C220 90 256 74 238 44', '#ffffff', 7, faint(0.7)),
].join('')

const mug = (c: Shades): string =>
  [
    shadow(232, 128),
    steam,
    line('M312 208 C398 190 404 338 306 334', c.deep, 30),
    line('M312 206 C394 190 398 332 306 330', c.main, 24),
    line('M322 200 C384 192 388 300 344 318', c.light, 6, faint(0.7)),
    path('M122 158 L130 366 Q132 398 164 400 L280 400 Q312 398 314 366 L322 158 Z', round),
    path(
      'M126 214 L128 366 Q132 398 164 400 L280 400 Q312 398 314 366 L315 352 Q222 384 128 340 Z',
      c.deep,
      faint(0.1),
    ),
    oval(222, 158, 102, 27, c.trim),
    oval(222, 157, 93, 21, c.deep),
    path('M136 164 A88 17 0 0 1 308 164 A90 19 0 0 1 136 164 Z', '#5a3420'),
    path('M150 162 A76 12 0 0 1 250 153 A110 16 0 0 0 150 162 Z', '#8a5a35', faint(0.9)),
    path('M148 196 Q158 204 166 200 L170 356 Q162 366 154 352 Z', '#ffffff', faint(0.38)),
  ].join('')

const teapot = (c: Shades): string =>
  [
    shadow(236, 140),
    line('M128 250 C44 232 52 362 140 352', c.trimDark, 24),
    line('M128 248 C50 232 58 354 140 348', c.trim, 17),
    path('M330 320 C392 316 372 232 424 208 L436 222 C408 260 420 352 334 362 Z', c.dark),
    path('M330 316 C384 312 368 236 420 208 L428 214 C392 250 404 338 332 348 Z', c.main),
    oval(428, 214, 13, 8, c.deep, 'transform="rotate(-40 428 214)"'),
    path(
      'M112 302 C112 222 172 186 238 186 C304 186 360 222 360 302 C360 362 318 400 236 400 C154 400 112 362 112 302 Z',
      ball,
    ),
    path(
      'M118 330 C150 388 318 392 354 330 C342 380 304 400 236 400 C168 400 130 380 118 330 Z',
      c.deep,
      faint(0.3),
    ),
    oval(237, 198, 74, 17, c.deep, faint(0.45)),
    path('M166 194 C170 160 304 160 308 194 A72 15 0 0 1 166 194 Z', lit),
    disc(237, 154, 16, trimRound),
    path(
      'M142 296 C144 250 166 224 192 214 C172 240 162 276 164 318 C152 320 143 312 142 296 Z',
      '#ffffff',
      faint(0.36),
    ),
  ].join('')

const bottle = (c: Shades): string =>
  [
    shadow(240, 76),
    line('M212 82 C212 42 268 42 268 82', c.trimDark, 12),
    box(204, 78, 72, 58, 12, trimRound),
    box(204, 98, 72, 4, 2, c.trimDark, faint(0.5)),
    box(204, 110, 72, 4, 2, c.trimDark, faint(0.5)),
    path(
      'M206 134 L274 134 Q276 162 294 174 Q310 186 310 208 L310 374 Q310 400 284 400 L196 400 Q170 400 170 374 L170 208 Q170 186 186 174 Q204 162 206 134 Z',
      round,
    ),
    path(
      'M170 346 Q240 372 310 346 L310 374 Q310 400 284 400 L196 400 Q170 400 170 374 Z',
      c.deep,
      faint(0.22),
    ),
    path('M206 134 L274 134 L275 146 L205 146 Z', c.deep, faint(0.45)),
    path('M190 206 Q194 194 204 190 L201 366 Q194 372 188 362 Z', '#ffffff', faint(0.42)),
    path('M240 246 L262 286 L250 280 L240 300 L230 280 L218 286 Z', c.light, faint(0.85)),
    line('M214 312 L266 312', c.light, 5, faint(0.85)),
  ].join('')

const bowl = (c: Shades): string =>
  [
    shadow(240, 140),
    path('M190 386 L290 386 L300 402 Q240 410 180 402 Z', c.deep),
    oval(240, 246, 168, 44, c.dark),
    oval(240, 248, 156, 36, c.deep),
    disc(164, 226, 42, '#d98e2b'),
    disc(156, 214, 30, '#efb04c', faint(0.7)),
    disc(316, 224, 44, '#b93a32'),
    disc(306, 212, 28, '#d9655a', faint(0.65)),
    line('M316 184 C318 172 326 166 332 164', '#5c4033', 5),
    disc(240, 212, 50, '#7f9a48'),
    disc(228, 198, 32, '#a3bd67', faint(0.7)),
    line('M240 166 C240 152 246 146 252 142', '#5c4033', 5),
    path('M246 154 C262 136 284 140 290 148 C276 164 256 164 246 154 Z', '#5f7a45'),
    path('M72 246 A168 44 0 0 0 408 246 C404 342 338 392 240 392 C142 392 76 342 72 246 Z', round),
    path(
      'M84 296 C150 352 330 352 396 296 C376 362 318 392 240 392 C162 392 104 362 84 296 Z',
      c.deep,
      faint(0.2),
    ),
    line('M73 250 A168 44 0 0 0 407 250', c.light, 5, faint(0.8)),
    path('M104 292 C114 334 138 358 168 372 C140 340 130 316 128 300 Z', '#ffffff', faint(0.3)),
  ].join('')

const board = [
  box(68, 92, 344, 318, 34, '#b0b8b9', 'transform="rotate(-4 240 250)"'),
  box(68, 80, 344, 318, 34, '#e4e8e7', 'transform="rotate(-4 240 250)"'),
  turned(
    -4,
    240,
    250,
    line('M92 140 C180 128 300 152 390 138', '#c3cbcc', 4, faint(0.8)),
    line('M92 210 C190 226 290 196 390 214', '#c3cbcc', 4, faint(0.8)),
    line('M92 292 C170 280 300 306 390 288', '#c3cbcc', 4, faint(0.8)),
    line('M92 352 C190 362 300 344 390 356', '#c3cbcc', 4, faint(0.8)),
    disc(376, 116, 13, '#aab1b3'),
  ),
].join('')

const tomato = [
  oval(150, 336, 50, 12, ink, faint(0.18)),
  disc(142, 300, 44, '#c8382d'),
  disc(130, 286, 26, '#e26556', faint(0.75)),
  path(
    'M142 268 L150 254 L156 270 L174 268 L160 280 L164 294 L146 284 L128 292 L132 278 L116 270 Z',
    '#5f7a45',
  ),
].join('')

const blade = 'M0 0 L206 -4 C196 30 160 46 108 48 L0 46 Z'

const knife = (c: Shades): string =>
  [
    shadow(240, 170, 410, 26),
    board,
    tomato,
    `<g transform="translate(210 268) rotate(-38) translate(10 10)">`,
    path(blade, ink, faint(0.2)),
    path(
      'M-150 -2 L0 0 L0 34 L-20 34 L-138 40 Q-160 38 -160 18 Q-160 0 -150 -2 Z',
      ink,
      faint(0.2),
    ),
    `</g>`,
    `<g transform="translate(210 268) rotate(-38)">`,
    path(blade, '#dfe5e9'),
    path('M0 24 L166 22 C150 40 134 46 108 48 L0 46 Z', '#b6c0c8'),
    line('M4 3 L198 0', '#ffffff', 3, faint(0.9)),
    path('M-150 -2 L-8 0 L-8 34 L-20 34 L-138 40 Q-162 38 -162 18 Q-162 0 -150 -2 Z', lit),
    box(-12, -2, 20, 49, 3, '#8e99a2'),
    line('M-146 7 L-24 7', c.light, 5, faint(0.6)),
    disc(-48, 19, 5, c.trimLight),
    disc(-88, 19, 5, c.trimLight),
    disc(-128, 19, 5, c.trimLight),
    `</g>`,
  ].join('')

const pan = (c: Shades): string =>
  [
    shadow(208, 172, 392, 34),
    path('M334 254 L438 190 Q458 180 464 194 Q468 206 452 216 L346 290 Z', trimLit),
    line('M352 258 L442 204', c.trimLight, 5, faint(0.6)),
    disc(446, 201, 6, c.trimDark),
    path('M42 282 C44 356 110 398 204 398 C298 398 364 356 366 282 Z', round),
    path(
      'M50 322 C84 372 324 372 358 322 C340 372 282 398 204 398 C126 398 68 372 50 322 Z',
      c.deep,
      faint(0.35),
    ),
    oval(204, 278, 164, 56, c.light),
    oval(204, 280, 154, 49, mix(c.deep, ink, 0.45)),
    oval(204, 288, 142, 40, mix(c.deep, ink, 0.62)),
    path(
      'M118 288 C112 262 154 264 172 258 C206 244 262 250 280 272 C302 296 262 318 218 314 C180 326 126 320 118 288 Z',
      '#fffdf6',
    ),
    path(
      'M124 296 C140 320 186 320 218 310 C262 312 290 296 286 282 C300 300 262 320 218 315 C180 327 128 320 124 296 Z',
      '#e4dcc8',
    ),
    oval(204, 280, 34, 21, '#f2b234'),
    oval(195, 273, 15, 7, '#fbe09a'),
    line('M72 318 C92 348 128 366 160 374', '#ffffff', 6, faint(0.3)),
  ].join('')

const grinder = (c: Shades): string =>
  [
    shadow(236, 112),
    path('M126 384 L346 384 L356 402 L116 402 Z', c.deep),
    path('M136 254 L336 254 L346 388 L126 388 Z', round),
    path('M136 254 L336 254 L338 276 L134 276 Z', c.deep, faint(0.3)),
    box(172, 306, 128, 62, 6, c.deep, faint(0.45)),
    box(176, 304, 120, 60, 6, lit),
    disc(236, 334, 11, trimRound),
    disc(233, 331, 4, c.trimLight),
    path('M152 256 C152 190 190 164 236 164 C282 164 320 190 320 256 Z', trimRound),
    path('M170 250 C172 206 192 184 214 176 C198 200 192 226 194 250 Z', '#ffffff', faint(0.45)),
    box(146, 248, 180, 14, 7, c.trimDark),
    box(226, 128, 20, 44, 6, c.trimDark),
    line('M236 134 C280 112 318 120 362 134', c.trimDark, 13),
    line('M238 130 C280 109 318 117 360 130', c.trim, 8),
    path('M346 92 C346 74 384 74 384 92 L378 134 L352 134 Z', round),
    disc(236, 132, 14, c.trim),
    disc(232, 128, 5, c.trimLight),
    oval(112, 396, 17, 10, '#5a3420', 'transform="rotate(-20 112 396)"'),
    line('M100 400 Q112 392 124 393', '#3b2114', 2.5),
    oval(82, 404, 15, 9, '#6b4028', 'transform="rotate(24 82 404)"'),
    line('M71 399 Q82 402 93 409', '#3b2114', 2.5),
  ].join('')

export const kitchen = { mug, teapot, bottle, bowl, knife, pan, grinder }
