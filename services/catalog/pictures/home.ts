import {
  ball,
  box,
  disc,
  faint,
  group,
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

const deskLamp = (c: Shades): string =>
  [
    path('M300 232 L214 400 L430 400 L384 196 Z', '#ffe9a8', faint(0.32)),
    oval(324, 398, 112, 18, '#fff2c4', faint(0.75)),
    shadow(160, 86),
    path('M82 386 Q82 372 104 370 L216 370 Q238 372 238 386 L238 398 L82 398 Z', lit),
    oval(160, 371, 56, 9, c.light, faint(0.6)),
    line('M160 366 L112 232', c.trimDark, 13),
    line('M158 366 L110 232', c.trim, 8),
    line('M112 232 L284 124', c.trimDark, 13),
    line('M112 230 L284 122', c.trim, 8),
    line('M128 242 L132 300', c.trimDark, 4),
    disc(112, 232, 15, trimRound),
    disc(112, 232, 6, c.trimDark),
    disc(160, 366, 12, trimRound),
    turned(
      24,
      300,
      130,
      oval(334, 222, 72, 17, c.deep),
      oval(334, 224, 60, 12, '#fff6d8'),
      disc(334, 218, 19, '#fffbe9'),
      path(
        'M318 96 L350 96 Q358 96 360 106 L366 128 C392 146 408 182 408 222 A74 17 0 0 1 260 222 C260 182 276 146 302 128 L308 106 Q310 96 318 96 Z',
        round,
      ),
      path('M262 214 A72 16 0 0 0 406 214 L408 222 A74 17 0 0 1 260 222 Z', c.deep, faint(0.35)),
      path(
        'M284 196 C288 168 300 150 314 140 L316 150 C304 162 300 182 298 204 Z',
        '#ffffff',
        faint(0.45),
      ),
      line('M304 128 Q334 138 364 128', c.dark, 3, faint(0.6)),
    ),
    disc(286, 122, 12, trimRound),
  ].join('')

const pendant = (c: Shades): string =>
  [
    path('M84 262 L64 412 A176 26 0 0 0 416 412 L396 262 Z', '#ffedb5', faint(0.32)),
    oval(240, 412, 176, 26, '#fff4cf', faint(0.6)),
    line('M240 0 L240 92', ink, 5),
    box(222, 84, 36, 40, 8, trimRound),
    box(216, 118, 48, 12, 5, c.trimDark),
    oval(240, 268, 164, 30, c.deep),
    oval(240, 270, 150, 23, '#fff3cd'),
    disc(240, 264, 34, '#fffdf2'),
    path(
      'M76 268 C76 178 146 128 216 126 L264 126 C334 128 404 178 404 268 A164 30 0 0 1 76 268 Z',
      round,
    ),
    path('M76 268 A164 30 0 0 0 404 268 L402 252 A162 30 0 0 1 78 252 Z', c.deep, faint(0.3)),
    path('M108 246 C116 198 150 166 190 150 C160 180 146 212 142 256 Z', '#ffffff', faint(0.38)),
    oval(240, 292, 96, 10, '#ffffff', faint(0.5)),
  ].join('')

const lantern = (c: Shades): string =>
  [
    shadow(240, 100),
    line('M152 150 C138 20 342 20 328 150', '#7d8890', 6),
    disc(240, 250, 118, 'url(#glow)'),
    line('M172 166 C128 210 128 290 164 330', c.dark, 13),
    line('M308 166 C352 210 352 290 316 330', c.dark, 13),
    line('M172 166 C130 210 130 290 164 330', c.main, 8),
    path(
      'M192 186 C158 230 160 282 196 322 L284 322 C320 282 322 230 288 186 Z',
      '#eaf6f8',
      faint(0.62),
    ),
    path('M240 214 C262 246 262 268 240 292 C218 268 218 246 240 214 Z', '#f5a623'),
    path('M240 242 C252 260 252 274 240 290 C228 274 228 260 240 242 Z', '#fff3c0'),
    box(222, 290, 36, 34, 5, trimRound),
    line('M178 250 Q240 272 302 250', '#8d989f', 4, faint(0.8)),
    path('M192 202 C176 230 176 270 190 298 C182 262 190 226 206 200 Z', '#ffffff', faint(0.75)),
    path('M184 190 L196 150 L284 150 L296 190 Z', round),
    path('M206 152 L212 112 Q214 102 226 102 L254 102 Q266 102 268 112 L274 152 Z', lit),
    box(196, 146, 88, 10, 5, c.dark),
    repeat(3, (at) => box(216 + at * 18, 120, 10, 18, 4, c.deep, faint(0.6))),
    box(176, 316, 128, 16, 8, c.dark),
    path(
      'M172 330 L308 330 Q334 338 334 362 L334 388 Q334 400 320 400 L160 400 Q146 400 146 388 L146 362 Q146 338 172 330 Z',
      round,
    ),
    path(
      'M146 372 L334 372 L334 388 Q334 400 320 400 L160 400 Q146 400 146 388 Z',
      c.deep,
      faint(0.25),
    ),
    disc(300, 352, 15, trimRound),
    box(174, 346, 10, 42, 5, '#ffffff', faint(0.45)),
  ].join('')

const chair = (c: Shades): string =>
  [
    shadow(240, 122),
    line('M174 296 L150 398', c.deep, 13),
    line('M306 296 L330 398', c.deep, 13),
    line('M158 262 C116 30 364 30 322 262', c.dark, 20),
    line('M158 262 C118 34 362 34 322 262', c.main, 13),
    line('M164 232 C136 62 286 56 306 128', c.light, 4, faint(0.8)),
    repeat(7, (at) => {
      const x = 180 + at * 20
      const top = 103 + Math.abs(at - 3) ** 2 * 4.4
      return line(`M${188 + at * 17.4} 274 L${x} ${top}`, at > 4 ? c.dark : c.main, 7)
    }),
    path(
      'M124 278 C130 260 160 254 240 254 C320 254 350 260 356 278 C360 294 342 300 240 300 C138 300 120 294 124 278 Z',
      lit,
    ),
    path('M150 274 C180 262 300 262 330 274 C300 284 180 284 150 274 Z', c.light, faint(0.45)),
    path(
      'M122 284 C128 302 352 302 358 284 C362 308 342 316 240 316 C138 316 118 308 122 284 Z',
      c.dark,
    ),
    line('M156 310 L120 400', c.dark, 17),
    line('M154 310 L119 398', c.main, 11),
    line('M324 310 L360 400', c.deep, 17),
    line('M324 310 L359 398', c.dark, 11),
    line('M138 356 L342 356', c.dark, 9),
    line('M138 354 L342 354', c.main, 5),
  ].join('')

const stool = (c: Shades): string =>
  [
    shadow(240, 116),
    line('M240 240 L240 384', mix(c.trim, ink, 0.4), 22),
    line('M172 246 L124 398', c.trimDark, 26),
    line('M170 246 L122 396', c.trim, 19),
    line('M166 246 L120 390', c.trimLight, 5, faint(0.6)),
    line('M308 246 L356 398', mix(c.trim, ink, 0.3), 26),
    line('M308 246 L354 396', c.trim, 19),
    line('M150 330 L330 330', c.trimDark, 12),
    line('M150 328 L330 328', c.trim, 7),
    path('M84 206 A156 44 0 0 0 396 206 L396 228 A156 48 0 0 1 84 228 Z', round),
    path('M84 216 A156 44 0 0 0 396 216 L396 228 A156 48 0 0 1 84 228 Z', c.deep, faint(0.28)),
    oval(240, 206, 156, 44, lit),
    oval(244, 210, 128, 31, c.dark, faint(0.35)),
    oval(248, 214, 118, 24, c.main, faint(0.9)),
    line('M132 190 Q180 172 250 172', '#ffffff', 6, faint(0.4)),
  ].join('')

const armchair = (c: Shades): string =>
  [
    shadow(240, 160),
    path('M132 348 L150 348 L132 402 L118 402 Z', c.trim),
    path('M348 348 L330 348 L348 402 L362 402 Z', c.trimDark),
    path('M104 268 C92 120 132 78 240 78 C348 78 388 120 376 268 L376 320 L104 320 Z', ball),
    path('M136 290 C130 156 156 118 240 118 C324 118 350 156 344 290 Z', c.dark, faint(0.35)),
    path('M146 290 C140 168 164 130 240 130 C316 130 340 168 334 290 Z', lit),
    line('M240 134 L240 254', c.dark, 3, faint(0.5)),
    disc(204, 190, 5, c.dark),
    disc(276, 190, 5, c.dark),
    path('M132 262 Q132 246 152 244 L328 244 Q348 246 348 262 L348 306 L132 306 Z', lit),
    path('M132 290 L348 290 L348 312 L132 312 Z', c.deep, faint(0.35)),
    path('M76 242 C76 208 142 206 144 246 L148 360 L104 360 Q84 360 82 336 Z', round),
    path('M404 242 C404 208 338 206 336 246 L332 360 L376 360 Q396 360 398 336 Z', c.dark),
    path(
      'M400 240 C396 214 342 214 340 246 L338 300 C346 262 366 238 400 240 Z',
      c.main,
      faint(0.8),
    ),
    path('M130 306 L350 306 L346 362 L134 362 Z', round),
    path('M134 344 L346 344 L346 362 L134 362 Z', c.deep, faint(0.3)),
    path(
      'M88 244 C92 222 120 220 128 236 C116 240 104 260 100 300 C90 286 86 262 88 244 Z',
      '#ffffff',
      faint(0.28),
    ),
    path(
      'M136 122 C160 96 200 90 240 90 C200 98 164 116 146 150 C138 146 134 134 136 122 Z',
      '#ffffff',
      faint(0.24),
    ),
  ].join('')

const clock = (c: Shades): string =>
  [
    disc(256, 246, 166, ink, faint(0.18)),
    disc(240, 226, 168, lit),
    disc(240, 226, 168, 'none', `stroke="${c.dark}" stroke-width="3"`),
    disc(240, 226, 145, c.deep, faint(0.5)),
    disc(240, 229, 142, '#fdfaf1'),
    repeat(12, (at) =>
      turned(
        at * 30,
        240,
        229,
        at % 3 === 0
          ? box(235, 98, 10, 32, 3, ink)
          : box(237.5, 100, 5, 18, 2, mix(ink, '#ffffff', 0.3)),
      ),
    ),
    turned(304, 240, 229, box(233.5, 146, 13, 98, 6, ink)),
    turned(56, 240, 229, box(235, 112, 10, 134, 5, ink)),
    turned(196, 240, 229, box(238.5, 106, 3, 150, 1.5, '#d2372f'), disc(240, 118, 8, '#d2372f')),
    disc(240, 229, 11, ink),
    disc(240, 229, 4.5, c.trim),
    path(
      'M126 196 C140 128 198 96 254 98 C196 116 152 154 140 226 C128 220 124 208 126 196 Z',
      '#ffffff',
      faint(0.6),
    ),
  ].join('')

const leaf = (length: number, width: number, colour: string, vein: string): string =>
  [
    path(
      `M0 0 C${-width} ${-length * 0.3} ${-width} ${-length * 0.75} 0 ${-length} C${width} ${-length * 0.75} ${width} ${-length * 0.3} 0 0 Z`,
      colour,
    ),
    path(
      `M0 0 C${width} ${-length * 0.3} ${width} ${-length * 0.75} 0 ${-length} Z`,
      '#000000',
      faint(0.1),
    ),
    line(`M0 0 L0 ${-length * 0.94}`, vein, 2.5),
    repeat(3, (at) => {
      const y = -length * (0.26 + at * 0.2)
      const reach = width * 0.56
      return line(`M${-reach} ${y - 14} L0 ${y} L${reach} ${y - 14}`, vein, 1.6, faint(0.7))
    }),
  ].join('')

const placed = (x: number, y: number, degrees: number, ...parts: string[]): string =>
  group(`transform="translate(${x} ${y}) rotate(${degrees})"`, ...parts)

const green = {
  light: '#7fa763',
  main: '#55824a',
  dark: '#3b6440',
  deep: '#2c4c37',
  vein: '#a9c78f',
}

const vase = (c: Shades): string =>
  [
    shadow(236, 98),
    line('M236 190 C232 140 206 96 176 66', green.main, 5),
    line('M240 190 C244 130 246 84 250 50', green.dark, 5),
    line('M244 190 C258 146 284 112 316 92', green.main, 5),
    placed(212, 128, -70, leaf(58, 15, green.main, green.vein)),
    placed(268, 136, 72, leaf(60, 16, green.dark, green.vein)),
    placed(247, 118, -40, leaf(46, 13, green.light, green.vein)),
    blossom(172, 62, 25, '#fffaf0', '#e9b44c'),
    blossom(252, 48, 30, '#f3c9b5', '#c8553d'),
    blossom(322, 90, 24, '#fffaf0', '#e9b44c'),
    path(
      'M206 176 L270 176 C268 206 276 222 302 244 C344 282 344 348 304 386 Q292 400 270 400 L206 400 Q184 400 172 386 C132 348 132 282 174 244 C200 222 208 206 206 176 Z',
      round,
    ),
    path(
      'M146 330 C200 316 276 344 331 322 C328 348 318 372 304 386 Q292 400 270 400 L206 400 Q184 400 172 386 C158 372 148 352 146 330 Z',
      mix(c.trim, '#d8b79a', 0.6),
      faint(0.85),
    ),
    path(
      'M318 262 C346 306 338 356 304 386 Q292 400 270 400 L240 400 C296 384 322 330 318 262 Z',
      c.deep,
      faint(0.25),
    ),
    oval(238, 177, 33, 9, c.light),
    oval(238, 178, 25, 5.5, c.deep),
    path(
      'M176 262 C190 250 202 240 208 230 C196 262 184 290 184 322 C166 312 164 282 176 262 Z',
      '#ffffff',
      faint(0.42),
    ),
  ].join('')

const blossom = (x: number, y: number, r: number, petal: string, heart: string): string =>
  [
    repeat(7, (at) =>
      placed(
        x,
        y,
        (at * 360) / 7,
        oval(0, -r * 0.62, r * 0.36, r * 0.6, at % 2 ? petal : mix(petal, '#8a5a4a', 0.12)),
      ),
    ),
    disc(x, y, r * 0.34, heart),
    disc(x - 2, y - 2, r * 0.16, '#ffffff', faint(0.4)),
  ].join('')

const candle = (c: Shades): string =>
  [
    disc(240, 128, 118, 'url(#glow)'),
    shadow(240, 108),
    oval(240, 196, 106, 25, '#ffffff', faint(0.75)),
    oval(240, 218, 98, 21, mix('#fff6df', c.main, 0.25)),
    oval(240, 219, 60, 12, '#fffdf0', faint(0.9)),
    line('M240 216 C238 204 242 196 240 184', ink, 4),
    path('M240 96 C266 138 264 166 240 190 C216 166 214 138 240 96 Z', '#f5a623'),
    path('M240 132 C254 154 252 172 240 188 C228 172 226 154 240 132 Z', '#fff3c0'),
    path(
      'M134 196 L138 372 Q140 400 168 402 L312 402 Q340 400 342 372 L346 196 A106 25 0 0 1 134 196 Z',
      '#ffffff',
      faint(0.42),
    ),
    path(
      'M142 220 A98 21 0 0 0 338 220 L334 368 Q333 390 310 392 L170 392 Q147 390 146 368 Z',
      mix('#fff6df', c.main, 0.55),
    ),
    path(
      'M300 236 Q322 232 338 222 L334 368 Q333 390 310 392 L280 392 Q304 330 300 236 Z',
      c.deep,
      faint(0.16),
    ),
    box(176, 268, 128, 84, 6, paper),
    box(176, 268, 128, 84, 6, 'none', `stroke="${c.dark}" stroke-width="2" opacity="0.5"`),
    placed(240, 322, 0, leaf(42, 13, c.main, c.light)),
    placed(240, 322, -58, leaf(30, 10, c.dark, c.light)),
    placed(240, 322, 58, leaf(30, 10, c.dark, c.light)),
    line('M204 338 L276 338', c.dark, 3, faint(0.6)),
    path('M150 222 L160 224 L164 372 Q156 374 154 364 Z', '#ffffff', faint(0.7)),
  ].join('')

const cushion = (c: Shades): string =>
  [
    shadow(240, 168, 402, 24),
    turned(
      -7,
      240,
      240,
      path(
        'M88 104 C160 128 320 128 392 104 C376 176 376 314 392 388 C320 366 160 366 88 388 C104 314 104 176 88 104 Z',
        ball,
      ),
      line(
        'M88 104 C160 128 320 128 392 104 C376 176 376 314 392 388 C320 366 160 366 88 388 C104 314 104 176 88 104 Z',
        c.trim,
        5,
      ),
      path(
        'M92 384 C160 364 320 364 388 384 C380 356 377 330 376 300 C330 352 150 352 104 300 C103 330 100 356 92 384 Z',
        c.deep,
        faint(0.22),
      ),
      line('M98 116 C120 146 142 158 168 164', c.dark, 4, faint(0.4)),
      line('M382 116 C360 146 338 158 312 164', c.dark, 4, faint(0.45)),
      line('M98 376 C118 350 138 338 160 332', c.dark, 4, faint(0.45)),
      line('M382 376 C362 350 342 338 320 332', c.dark, 4, faint(0.5)),
      path(
        'M128 150 C170 162 220 160 250 156 C200 176 156 200 136 250 C126 220 122 180 128 150 Z',
        '#ffffff',
        faint(0.22),
      ),
    ),
  ].join('')

const pot = (c: Shades): string =>
  [
    path('M150 292 L330 292 L312 384 Q308 400 290 400 L190 400 Q172 400 168 384 Z', round),
    path('M154 318 L326 318 L323 332 L157 332 Z', c.deep, faint(0.28)),
    box(138, 268, 204, 50, 10, round),
    box(138, 306, 204, 12, 6, c.deep, faint(0.2)),
    path('M172 340 L182 340 L194 386 Q186 388 182 380 Z', '#ffffff', faint(0.35)),
    box(156, 276, 12, 32, 6, '#ffffff', faint(0.35)),
  ].join('')

const plant = (c: Shades): string =>
  [
    shadow(240, 106),
    line('M240 280 C236 220 190 180 150 160', green.dark, 6),
    line('M240 280 C246 210 296 170 334 156', green.dark, 6),
    line('M240 280 C240 220 238 180 236 130', green.dark, 6),
    placed(236, 262, -74, leaf(130, 40, green.dark, green.vein)),
    placed(246, 262, 76, leaf(132, 40, green.deep, green.vein)),
    placed(172, 178, -44, leaf(112, 44, green.main, green.vein)),
    placed(306, 172, 46, leaf(118, 45, green.dark, green.vein)),
    placed(237, 160, -4, leaf(142, 50, green.light, green.vein)),
    placed(224, 226, -30, leaf(104, 36, green.light, green.vein)),
    placed(258, 230, 26, leaf(108, 38, green.main, green.vein)),
    pot(c),
  ].join('')

const ribs = (d: (at: number) => string, count: number): string =>
  repeat(count, (at) => line(d(at), green.dark, 2.5, faint(0.55)))

const spines = (places: readonly (readonly [number, number])[]): string =>
  places
    .map(([x, y]) => line(`M${x - 6} ${y - 5} L${x} ${y} L${x + 6} ${y - 5}`, '#e8efd8', 2.2))
    .join('')

const cactus = (c: Shades): string =>
  [
    shadow(240, 106),
    line('M216 226 C150 230 150 206 150 164', green.dark, 46),
    line('M214 224 C150 228 150 204 150 164', green.main, 38),
    line('M264 200 C330 204 332 180 332 148', green.deep, 44),
    line('M264 198 C328 202 330 180 330 148', green.dark, 36),
    path('M192 290 L192 116 Q192 56 240 56 Q288 56 288 116 L288 290 Z', green.main),
    path('M246 56 Q288 58 288 116 L288 290 L258 290 Q272 160 246 56 Z', green.deep, faint(0.45)),
    path('M204 122 Q206 84 226 72 Q214 120 214 280 L204 280 Z', green.light, faint(0.8)),
    ribs((at) => `M${218 + at * 22} ${at === 1 ? 62 : 76} L${218 + at * 22} 280`, 3),
    spines([
      [206, 130],
      [206, 180],
      [206, 236],
      [229, 104],
      [229, 156],
      [229, 212],
      [251, 124],
      [251, 180],
      [251, 240],
      [274, 140],
      [274, 204],
      [274, 254],
      [150, 178],
      [150, 206],
      [331, 164],
      [331, 186],
    ]),
    blossom(240, 58, 26, '#f4a6b4', '#f2c14e'),
    blossom(150, 146, 17, '#f4a6b4', '#f2c14e'),
    oval(240, 276, 92, 9, '#4b3426'),
    pot(c),
  ].join('')

const wateringCan = (c: Shades): string =>
  [
    shadow(220, 132),
    line('M172 196 C150 88 296 76 300 190', c.trimDark, 17),
    line('M172 194 C152 92 292 80 298 190', c.trim, 10),
    line('M132 238 C56 230 56 356 142 350', c.dark, 18),
    line('M132 236 C60 230 60 350 142 346', c.main, 11),
    path('M296 352 C340 336 350 262 392 196 L412 208 C384 278 372 372 300 392 Z', c.dark),
    path('M296 346 C334 330 344 258 390 194 L398 200 C366 270 356 350 298 372 Z', c.main),
    turned(
      34,
      402,
      196,
      path('M388 196 L374 158 L432 158 L416 196 Z', trimLit),
      oval(403, 158, 30, 9, c.trimLight),
      repeat(4, (at) => disc(388 + at * 10, 158, 2, c.trimDark)),
    ),
    path('M128 196 L312 196 L322 380 Q322 400 302 400 L138 400 Q118 400 118 380 Z', round),
    path(
      'M118 366 L322 366 L322 382 Q322 400 302 400 L138 400 Q118 400 118 382 Z',
      c.deep,
      faint(0.22),
    ),
    line('M125 238 Q220 256 315 238', c.dark, 4, faint(0.45)),
    line('M125 232 Q220 250 315 232', c.light, 3, faint(0.6)),
    oval(220, 196, 92, 22, c.light),
    oval(220, 198, 82, 16, c.deep),
    path('M140 196 A82 16 0 0 1 236 182 A92 22 0 0 0 128 198 Z', c.main, faint(0.6)),
    path('M148 256 L164 260 L162 372 Q150 376 146 362 Z', '#ffffff', faint(0.36)),
  ].join('')

export const home = {
  'desk-lamp': deskLamp,
  pendant,
  lantern,
  chair,
  stool,
  armchair,
  clock,
  vase,
  candle,
  cushion,
  plant,
  cactus,
  'watering-can': wateringCan,
}
