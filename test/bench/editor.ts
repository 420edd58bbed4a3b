/**
 * What an editor waits for in one file: `editor.ts 5.9|7 <main.ts>` prints it as JSON. A process of its own for each.
 *
 * TypeScript 5.9 is asked by its language service in this process, TypeScript 7 by its language server over stdio.
 */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { dirname } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import ts from "typescript"
import { estimate } from "./harness.ts"

/** In milliseconds; `undefined` where there is nothing to ask, or no answer. */
export interface Waited {
  /** From opening the file on. */
  readonly firstHover: number | undefined
  readonly hover: number | undefined
  readonly member: number | undefined
  readonly scope: number | undefined
}

interface Editor {
  /** The text has become this; the answers after it are of it. */
  readonly change: (text: string) => void
  /** The text of what is shown. */
  readonly hover: (at: number) => Promise<string>
  /** The names that are offered. */
  readonly complete: (at: number) => Promise<ReadonlyArray<string>>
  readonly close: () => Promise<void>
}

const root = fileURLToPath(new URL("../../", import.meta.url))

// ----------------------------------------------------------------------------
// TypeScript 5.9
// ----------------------------------------------------------------------------

const languageService = (path: string): Editor => {
  let text = ""
  let version = 0
  const config = ts.getParsedCommandLineOfConfigFile(
    `${dirname(path)}/tsconfig.json`,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} }
  )
  if (config === undefined) throw new Error(`no tsconfig.json beside ${path}`)
  const service = ts.createLanguageService({
    getCompilationSettings: () => config.options,
    getScriptFileNames: () => [path],
    getScriptVersion: (name) => (name === path ? String(version) : "0"),
    getScriptSnapshot: (name) => {
      const content = name === path ? text : ts.sys.readFile(name)
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
    },
    getCurrentDirectory: () => dirname(path),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists
  })
  return {
    change: (to) => {
      text = to
      version++
    },
    hover: async (at) =>
      ts.displayPartsToString(service.getQuickInfoAtPosition(path, at)?.displayParts),
    complete: async (at) =>
      service.getCompletionsAtPosition(path, at, {})?.entries.map(({ name }) => name) ?? [],
    close: async () => service.dispose()
  }
}

// ----------------------------------------------------------------------------
// TypeScript 7
// ----------------------------------------------------------------------------

interface Message {
  readonly id?: number | string
  readonly method?: string
  readonly params?: { readonly items?: ReadonlyArray<unknown> }
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** The Language Server Protocol, as much of it as is needed here. */
const languageServer = async (path: string): Promise<Editor> => {
  const child = spawn(
    process.execPath,
    [`${root}node_modules/typescript-7/bin/tsc`, "--lsp", "-stdio"],
    { stdio: ["pipe", "pipe", "ignore"] }
  )
  const waiting = new Map<number | string, (message: Message) => void>()
  let ids = 0
  const send = (message: object): void => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }))
    child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`)
    child.stdin.write(body)
  }
  const notify = (method: string, params?: object): void => send({ method, params })
  const ask = (method: string, params?: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++ids
      waiting.set(id, ({ error, result }) => {
        if (error === undefined) resolve(result)
        else reject(new Error(`${method}: ${error.message}`))
      })
      send({ id, method, params })
    })
  onMessages(child.stdout, (message) => {
    if (message.method === undefined) waiting.get(message.id ?? "")?.(message)
    // what the server asks of its client: it is told nothing
    else if (message.id !== undefined) {
      send({ id: message.id, result: message.params?.items?.map(() => null) ?? null })
    }
  })
  const uri = pathToFileURL(path).href
  const rootUri = pathToFileURL(dirname(path)).href
  await ask("initialize", {
    processId: process.pid,
    rootUri,
    workspaceFolders: [{ uri: rootUri, name: "bench" }],
    capabilities: {
      textDocument: { hover: { contentFormat: ["plaintext"] }, completion: {} },
      workspace: {}
    }
  })
  notify("initialized", {})
  let text = ""
  let version = 0
  const at = (offset: number): object => {
    const before = text.slice(0, offset)
    const line = before.split("\n").length - 1
    return {
      textDocument: { uri },
      position: { line, character: offset - (before.lastIndexOf("\n") + 1) }
    }
  }
  return {
    change: (to) => {
      text = to
      if (version++ === 0) {
        notify("textDocument/didOpen", {
          textDocument: { uri, languageId: "typescript", version, text }
        })
      } else {
        notify("textDocument/didChange", {
          textDocument: { uri, version },
          contentChanges: [{ text }]
        })
      }
    },
    hover: async (offset) => JSON.stringify((await ask("textDocument/hover", at(offset))) ?? ""),
    complete: async (offset) => {
      const list = (await ask("textDocument/completion", at(offset))) as
        | { readonly items: ReadonlyArray<{ readonly label: string }> }
        | ReadonlyArray<{ readonly label: string }>
        | null
      const items =
        list === null ? []
        : "items" in list ? list.items
        : list
      return items.map(({ label }) => label)
    },
    close: async () => {
      await ask("shutdown")
      notify("exit")
      child.stdin.end()
    }
  }
}

const onMessages = (stream: NodeJS.ReadableStream, take: (message: Message) => void): void => {
  let buffer = Buffer.alloc(0)
  stream.on("data", (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk])
    for (;;) {
      const head = buffer.indexOf("\r\n\r\n")
      if (head < 0) return
      const [, length] = /content-length: (\d+)/i.exec(buffer.toString("latin1", 0, head)) ?? []
      const end = head + 4 + Number(length)
      if (buffer.length < end) return
      const body = buffer.toString("utf8", head + 4, end)
      buffer = buffer.subarray(end)
      take(JSON.parse(body) as Message)
    }
  })
}

// ----------------------------------------------------------------------------
// what is asked
// ----------------------------------------------------------------------------

interface Place {
  readonly at: number
  /** What the answer has to name: an editor that knows nothing answers fast. */
  readonly expected: string
}

interface Places {
  readonly hover: Place
  readonly member: Place
  readonly scope: Place | undefined
}

const lastOf = (pattern: RegExp, text: string): RegExpExecArray | undefined =>
  [...text.matchAll(pattern)].at(-1)

/** The last ones of the file, which everything before comes together in. */
const placesOf = (text: string): Places => {
  const handled = lastOf(/\.handle\("(\w+)"/g, text)
  const made = lastOf(/export const (\w+) = HttpRouter\.makeRoute/g, text)
  const scope = lastOf(/"(s\d+)"/g, text)
  const member: Place | undefined =
    handled !== undefined ? { at: handled.index + '.handle("'.length, expected: handled[1] ?? "" }
    : made !== undefined ?
      { at: made.index + made[0].length - "makeRoute".length, expected: "makeRoute" }
    : undefined
  const hover: Place | undefined =
    handled !== undefined ? { at: handled.index + 2, expected: "handle" }
    : made !== undefined ? { at: made.index + "export const ".length + 1, expected: made[1] ?? "" }
    : undefined
  if (member === undefined || hover === undefined) {
    throw new Error("the fixture has neither a handler nor a route")
  }
  return {
    hover,
    member,
    scope: scope && { at: scope.index + 1, expected: scope[1] ?? "" }
  }
}

const repetitions = 3

const wait = async (editor: Editor, text: string): Promise<Waited> => {
  const { hover, member, scope } = placesOf(text)
  let changes = 0
  /** After one more change each time, at the end of the file. */
  const timed = async (ask: () => Promise<boolean>): Promise<number | undefined> => {
    const started = performance.now()
    editor.change(`${text}\n// ${changes++}\n`)
    const isAnswered = await ask()
    return isAnswered ? performance.now() - started : undefined
  }
  const median = async (ask: () => Promise<boolean>): Promise<number | undefined> => {
    const times = new Array<number>()
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const time = await timed(ask)
      if (time === undefined) return undefined
      times.push(time)
    }
    return estimate(times).median
  }
  const isShown = async ({ at, expected }: Place): Promise<boolean> =>
    (await editor.hover(at)).includes(expected)
  const isOffered = async ({ at, expected }: Place): Promise<boolean> =>
    (await editor.complete(at)).some((name) => name.replaceAll('"', "") === expected)
  return {
    firstHover: await timed(() => isShown(hover)),
    hover: await median(() => isShown(hover)),
    member: await median(() => isOffered(member)),
    scope: scope && (await median(() => isOffered(scope)))
  }
}

const [, script, version = "", path = ""] = process.argv
if (script === fileURLToPath(import.meta.url)) {
  const editor = version === "7" ? await languageServer(path) : languageService(path)
  console.log(JSON.stringify(await wait(editor, readFileSync(path, "utf8"))))
  await editor.close()
}
