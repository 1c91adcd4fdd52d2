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
  paper,
  path,
  repeat,
  round,
  type Shades,
  shadow,
  trimLit,
  trimRound,
  turned,
} from './brush.ts'

const notebook = (c: Shades): string =>
  [
    shadow(246, 150, 404, 22),
    turned(
      -6,
      240,
      240,
      box(112, 82, 268, 322, 12, c.deep),
      box(120, 84, 258, 312, 6, '#e8dfca'),
      repeat(6, (at) => line(`M${366 + at * 2} 92 L${366 + at * 2} 388`, '#c9bda2', 0.9)),
      repeat(4, (at) => line(`M126 ${388 + at * 2} L368 ${388 + at * 2}`, '#c9bda2', 0.9)),
      line('M214 388 L208 432 L220 422 L230 434 L232 388', c.trim, 0.1, `style="fill:${c.trim}"`),
      box(106, 72, 256, 316, 12, lit),
      box(106, 72, 34, 316, 10, c.deep, faint(0.32)),
      line('M141 74 L141 386', c.deep, 2.5, faint(0.5)),
      line('M144 76 L144 384', c.light, 1.5, faint(0.5)),
      box(186, 138, 128, 88, 6, paper),
      box(193, 145, 114, 74, 3, 'none', `stroke="${c.main}" stroke-width="2"`),
      line('M212 172 L288 172', c.dark, 4),
      line('M224 192 L276 192', c.dark, 3, faint(0.6)),
      box(322, 72, 14, 316, 2, mix(c.deep, ink, 0.3)),
      box(325, 72, 3, 316, 1, c.light, faint(0.35)),
      path(
        'M118 72 L350 72 Q362 72 362 84 L362 120 C290 96 190 110 106 168 L106 84 Q106 72 118 72 Z',
        '#ffffff',
        faint(0.12),
      ),
    ),
  ].join('')

const pen = (c: Shades): string =>
  [
    turned(
      -5,
      240,
      240,
      box(72, 66, 340, 348, 8, ink, 'opacity="0.16" transform="translate(10 12)"'),
      box(72, 66, 340, 348, 8, '#fffdf6'),
      repeat(7, (at) => line(`M104 ${126 + at * 42} L380 ${126 + at * 42}`, '#dfe3e4', 2)),
      line(
        'M106 114 C118 88 132 92 128 114 C126 128 138 124 146 108 C152 98 162 100 160 114 C160 126 172 122 180 110 C190 94 200 100 196 116 C194 126 206 122 214 112 L246 112',
        c.dark,
        4,
      ),
      line(
        'M108 158 C120 140 130 148 128 158 C130 168 148 150 156 152 C166 154 160 166 172 160 C184 150 192 152 196 160 L216 154',
        c.dark,
        4,
        faint(0.85),
      ),
    ),
    `<g transform="translate(166 306) rotate(-45)">`,
    path(
      'M-4 6 L28 -8 L292 -10 Q306 0 292 22 L28 30 Z',
      ink,
      'opacity="0.18" transform="translate(8 16)"',
    ),
    path('M-26 4 C0 -12 18 -14 36 -14 L36 22 C18 22 0 20 -26 4 Z', '#e6c56b'),
    path('M-26 4 C0 20 18 22 36 22 L36 4 Z', '#b98f35'),
    line('M-24 4 L10 4', '#6d5420', 2),
    disc(13, 4, 3.4, '#6d5420'),
    path('M34 -17 L92 -22 L92 30 L34 25 Z', ink),
    path('M38 -12 L90 -16 L90 -8 L38 -5 Z', '#ffffff', faint(0.35)),
    box(88, -24, 12, 56, 3, trimLit),
    path('M100 -23 L262 -20 Q300 -18 302 4 Q300 26 262 28 L100 31 Z', lit),
    box(222, -23, 9, 54, 2, c.trim),
    path('M108 -14 L270 -11 Q288 -8 292 -2 L108 -5 Z', '#ffffff', faint(0.4)),
    `</g>`,
  ].join('')

const leads = [
  '#d2372f',
  '#e88f2a',
  '#f0c23c',
  '#7ea54b',
  '#3f8f7b',
  '#3a7fb8',
  '#38518f',
  '#75457f',
  '#c95f86',
]

const pencils = (c: Shades): string =>
  [
    shadow(240, 136),
    repeat(9, (at) => {
      const x = 126 + at * 26
      const top = 118 + Math.abs(Math.sin(at * 2.1 + 1)) * 52
      const lead = leads[at] ?? ink
      const body = mix(lead, '#ffffff', 0.06)
      return [
        path(`M${x} ${top + 46} L${x + 12} ${top} L${x + 24} ${top + 46} Z`, '#e9c796'),
        path(`M${x + 8} ${top + 16} L${x + 12} ${top} L${x + 16} ${top + 16} Z`, lead),
        path(
          `M${x} ${top + 46} Q${x + 4} ${top + 38} ${x + 8} ${top + 46} Q${x + 12} ${top + 38} ${x + 16} ${top + 46} Q${x + 20} ${top + 38} ${x + 24} ${top + 46} L${x + 24} 320 L${x} 320 Z`,
          body,
        ),
        box(x, top + 46, 8, 270 - top, 0, '#ffffff', faint(0.25)),
        box(x + 16, top + 46, 8, 270 - top, 0, '#000000', faint(0.16)),
      ].join('')
    }),
    path('M108 252 L372 252 L372 384 Q372 400 356 400 L124 400 Q108 400 108 384 Z', lit),
    box(108, 252, 264, 16, 3, c.deep, faint(0.28)),
    path('M108 252 L372 252 L372 258 L108 258 Z', c.light),
    box(168, 296, 144, 64, 8, paper),
    box(175, 303, 130, 50, 5, 'none', `stroke="${c.dark}" stroke-width="2"`),
    line('M198 322 L282 322', c.dark, 5),
    line('M214 338 L266 338', c.dark, 3, faint(0.6)),
    box(120, 272, 12, 110, 6, '#ffffff', faint(0.3)),
  ].join('')

const headphones = (c: Shades): string =>
  [
    shadow(240, 140),
    line('M112 296 C92 40 388 40 368 296', c.deep, 30),
    line('M112 292 C94 44 386 44 368 292', c.main, 22),
    line('M128 216 C140 84 300 68 340 168', c.light, 6, faint(0.75)),
    line('M156 122 C200 76 280 76 324 122', mix(c.deep, ink, 0.4), 24),
    line('M160 118 C202 76 278 76 320 118', mix(c.dark, ink, 0.2), 16),
    box(100, 226, 24, 60, 8, trimRound),
    box(356, 226, 24, 60, 8, trimRound),
    path('M152 250 C186 250 190 286 190 326 C190 366 186 400 152 400 Z', mix(c.deep, ink, 0.45)),
    path('M328 250 C294 250 290 286 290 326 C290 366 294 400 328 400 Z', mix(c.deep, ink, 0.55)),
    path(
      'M160 262 C178 266 180 296 180 326 C180 356 178 384 160 390 Z',
      mix(c.deep, ink, 0.1),
      faint(0.8),
    ),
    path(
      'M320 262 C302 266 300 296 300 326 C300 356 302 384 320 390 Z',
      mix(c.deep, ink, 0.2),
      faint(0.8),
    ),
    path('M158 248 L158 402 C112 410 74 382 74 325 C74 268 112 240 158 248 Z', round),
    path('M322 248 L322 402 C368 410 406 382 406 325 C406 268 368 240 322 248 Z', lit),
    path(
      'M322 402 C368 410 406 382 406 325 C406 310 403 296 398 286 C398 350 366 384 322 386 Z',
      c.deep,
      faint(0.4),
    ),
    oval(112, 325, 23, 46, c.dark, faint(0.7)),
    oval(109, 325, 18, 40, trimRound),
    oval(370, 325, 20, 46, c.dark, faint(0.7)),
    oval(373, 325, 15, 40, c.trim),
    path(
      'M92 284 C98 268 112 260 128 258 C110 276 98 300 98 334 C88 318 88 296 92 284 Z',
      '#ffffff',
      faint(0.4),
    ),
  ].join('')

const cone = (cx: number, cy: number, r: number, c: Shades): string =>
  [
    disc(cx, cy, r, c.trimDark),
    disc(cx, cy, r * 0.92, '#26262b'),
    disc(cx, cy, r * 0.8, '#3a3b42'),
    path(
      `M${cx - r * 0.74} ${cy} A${r * 0.74} ${r * 0.74} 0 0 1 ${cx + r * 0.52} ${cy - r * 0.52} A${r * 0.9} ${r * 0.9} 0 0 0 ${cx - r * 0.74} ${cy} Z`,
      '#6d7079',
      faint(0.75),
    ),
    disc(cx, cy, r * 0.5, '#2b2c32'),
    disc(cx, cy, r * 0.3, '#4a4c55'),
    oval(cx - r * 0.1, cy - r * 0.12, r * 0.13, r * 0.08, '#9ea2ac'),
  ].join('')

const speaker = (c: Shades): string =>
  [
    shadow(244, 124),
    path('M324 74 L364 92 L364 386 L324 402 Z', c.deep),
    box(128, 70, 204, 332, 12, lit),
    repeat(6, (at) =>
      line(
        `M${144 + at * 36} 76 C${138 + at * 36} 180 ${152 + at * 36} 300 ${143 + at * 36} 396`,
        c.dark,
        2,
        faint(0.28),
      ),
    ),
    box(142, 84, 176, 304, 8, ink, faint(0.12)),
    cone(230, 144, 42, c),
    disc(230, 144, 13, '#8c919c'),
    disc(226, 140, 5, '#ffffff', faint(0.6)),
    cone(230, 286, 82, c),
    box(204, 212, 0, 0, 0, ink),
    disc(152, 94, 3.5, c.trimDark),
    disc(308, 94, 3.5, c.trimDark),
    disc(152, 378, 3.5, c.trimDark),
    disc(308, 378, 3.5, c.trimDark),
    box(212, 376, 36, 5, 2.5, c.trim),
    path('M134 82 Q136 76 142 76 L226 76 L150 200 L134 240 Z', '#ffffff', faint(0.16)),
  ].join('')

const radio = (c: Shades): string =>
  [
    shadow(240, 166),
    line('M340 162 L398 46', '#8d979f', 6),
    disc(399, 44, 8, '#c9d0d5'),
    line('M138 164 C138 96 342 96 342 164', c.trimDark, 17),
    line('M138 162 C138 100 342 100 342 162', c.trim, 11),
    box(112, 388, 36, 16, 5, ink),
    box(332, 388, 36, 16, 5, ink),
    box(64, 158, 352, 236, 44, lit),
    box(64, 158, 352, 236, 44, 'none', `stroke="${c.dark}" stroke-width="3" opacity="0.6"`),
    box(84, 178, 312, 196, 30, paper),
    box(84, 178, 312, 196, 30, c.main, faint(0.08)),
    box(104, 198, 158, 156, 18, mix(c.deep, ink, 0.3)),
    repeat(9, (at) =>
      line(
        `M118 ${214 + at * 15.5} L248 ${214 + at * 15.5}`,
        mix(c.main, '#ffffff', 0.25),
        5,
        faint(0.8),
      ),
    ),
    box(280, 200, 96, 44, 8, '#21323a'),
    line('M290 230 L366 230', '#8fd3c8', 2),
    repeat(7, (at) =>
      line(`M${293 + at * 12} ${at % 3 === 0 ? 216 : 221} L${293 + at * 12} 229`, '#8fd3c8', 2),
    ),
    line('M334 208 L334 236', '#ff8b5e', 3.5),
    disc(328, 304, 45, ink, 'opacity="0.18" transform="translate(4 6)"'),
    disc(328, 304, 44, trimRound),
    disc(328, 304, 33, ball),
    line('M328 304 L346 280', '#ffffff', 6),
    repeat(9, (at) => turned(-120 + at * 30, 328, 304, line('M328 254 L328 250', c.deep, 3))),
    path(
      'M84 196 Q92 168 124 166 L300 166 C200 176 120 190 82 268 L80 210 Z',
      '#ffffff',
      faint(0.3),
    ),
  ].join('')

export const work = { notebook, pen, pencils, headphones, speaker, radio }
