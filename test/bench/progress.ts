/** Says on stderr what a run is at, so that one sees that it is alive; what it found goes to stdout. */
const started = performance.now()

/** In milliseconds: how often a line that counts is written where it can't be written over. */
const pause = 10_000

const line = (text: string): string =>
  `[${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s] ${text}`

/** One step of a run. */
export const say = (text: string): void => {
  process.stderr.write(`${line(text)}\n`)
}

/** Steps that are counted: on a terminal in one line, elsewhere in a line from time to time. */
export const counter = (text: string, total: number): ((done: number) => void) => {
  const of = total.toLocaleString("en-US")
  let last = Number.NEGATIVE_INFINITY
  return (done) => {
    const now = performance.now()
    const isLast = done >= total
    if (process.stderr.isTTY) {
      if (!isLast && now - last < 100) return
      process.stderr.write(
        `\r\u001B[K${line(`${text}: ${done.toLocaleString("en-US")} of ${of}`)}${isLast ? "\n" : ""}`
      )
    } else {
      if (now - last < pause && !isLast) return
      say(`${text}: ${done.toLocaleString("en-US")} of ${of}`)
    }
    last = now
  }
}
