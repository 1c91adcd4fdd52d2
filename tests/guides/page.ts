export type Step =
  | { do: 'run'; command: string; expected: string[]; line: number }
  | { do: 'change'; diff: string; line: number }

const fence = /^```(\w*)$/
const expects = '# → '

/** Returns the commands and changes of a page in their order. */
export function stepsOf(page: string): Step[] {
  const steps: Step[] = []
  let language: string | undefined
  let block: { text: string; line: number }[] = []
  for (const [index, text] of page.split('\n').entries()) {
    const opens = fence.exec(text)?.[1]
    if (language === undefined) {
      language = opens
      block = []
    } else if (opens === '') {
      if (language === 'sh') steps.push(...commandsIn(block))
      if (language === 'diff')
        steps.push({
          do: 'change',
          diff: `${block.map((one) => one.text).join('\n')}\n`,
          line: block[0]?.line ?? 0,
        })
      language = undefined
    } else block.push({ text, line: index + 1 })
  }
  return steps
}

function commandsIn(block: readonly { text: string; line: number }[]): Step[] {
  const steps: (Step & { do: 'run' })[] = []
  for (const { text, line } of block) {
    const last = steps.at(-1)
    if (text.startsWith(expects)) last?.expected.push(text.slice(expects.length))
    else if (text.trim() !== '') steps.push({ do: 'run', command: text, expected: [], line })
  }
  return steps
}
