/** Processes of their own, bounded in time. */
import { spawn } from "node:child_process"

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** It took longer than it may, and was ended. */
  readonly isLate: boolean
}

/** Runs Node with arguments; after `limit` seconds it is ended, and what it has started with it. */
export const runNode = (
  args: ReadonlyArray<string>,
  limit: number,
  env: Readonly<Record<string, string>> = {}
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      // a group of its own, whose members end together
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env }
    })
    let [stdout, stderr] = ["", ""]
    let isLate = false
    const end = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
    }
    const timer = setTimeout(() => {
      isLate = true
      end()
    }, limit * 1000)
    // with this process it ends as well
    process.once("exit", end)
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
    child.once("error", reject)
    child.once("close", (status) => {
      clearTimeout(timer)
      process.off("exit", end)
      resolve({ status, stdout, stderr, isLate })
    })
  })

/** Does `work` for each item, so many at one time. */
export const atOnce = async <A>(
  count: number,
  items: ReadonlyArray<A>,
  work: (item: A) => Promise<void>
): Promise<void> => {
  const left = [...items]
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: count }, worker))
}
