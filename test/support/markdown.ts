/** The pages as they are read, and the code in them. */
import { readdirSync, readFileSync } from "node:fs"

export const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

export const list = (folder: string): ReadonlyArray<string> =>
  readdirSync(new URL(`../../${folder}`, import.meta.url)).map((name) => `${folder}/${name}`)

/** All files of a folder, those of its folders too. */
export const tree = (folder: string): ReadonlyArray<string> =>
  readdirSync(new URL(`../../${folder}`, import.meta.url), { withFileTypes: true }).flatMap(
    (entry) => (entry.isDirectory() ? tree(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`])
  )

export interface Fence {
  readonly info: string
  readonly text: string
}

export const fences = (markdown: string): ReadonlyArray<Fence> =>
  // a comment is for the other line of Effect
  [...markdown.replaceAll(/<!--[\s\S]*?-->/g, "").matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(
    ([, info = "", text = ""]) => ({
      info,
      text: text.trim()
    })
  )

/** A fence whose first line names a file: that file, and what is shown of it. */
export const excerptOf = (text: string): { readonly path: string; readonly shown: string } => {
  const [first = "", ...rest] = text.split("\n")
  return { path: first.replace("// ", ""), shown: rest.join("\n") }
}

/** Whether the lines stand in the file as they are shown, whatever their common indentation. */
export const holds = (file: string, shown: string): boolean => {
  const lines = file.split("\n")
  const wanted = shown.split("\n")
  return lines.some((_, start) => dedent(lines.slice(start, start + wanted.length)) === shown)
}

const dedent = (lines: ReadonlyArray<string>): string => {
  const indents = lines.filter((line) => line !== "").map((line) => line.search(/\S/))
  const least = Math.min(...indents)
  return lines.map((line) => line.slice(least)).join("\n")
}

/** Sends what an `http` fence shows, and compares the status, the challenge and the body. */
export const exchange = async (
  handler: (request: Request) => Promise<Response>,
  text: string
): Promise<readonly [answered: string, shown: string]> => {
  const [request = "", ...answer] = text.split("\n\n")
  const [line = "", ...fields] = request.split("\n")
  const [method = "", path = ""] = line.split(" ")
  const headers = fields.map((field) => field.split(": ", 2) as [string, string])
  const response = await handler(new Request(`http://localhost${path}`, { method, headers }))
  const shown = answer.join("\n\n")
  const named = [...shown.matchAll(/^([a-z-]+): /gm)].map(([, name = ""]) => name)
  const head = [
    `HTTP/1.1 ${response.status}`,
    ...named.map((name) => `${name}: ${response.headers.get(name)}`)
  ].join("\n")
  const body = await response.text()
  return [body === "" ? head : `${head}\n\n${body}`, shown]
}
