/** Tracers that tell what they see. */
import type * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"

export interface Ended {
  readonly name: string
  readonly attributes: ReadonlyMap<string, unknown>
  readonly events: ReadonlyArray<unknown>
  readonly exit: Exit.Exit<unknown, unknown>
}

/** What an exporter sees: each span when it has ended, with the attributes and events it has then. */
export const recording = (onEnd: (span: Ended) => void): Tracer.Tracer =>
  Tracer.make({
    span: ({ annotations, kind, links, name, parent, sampled, startTime }) => {
      const attributes = new Map<string, unknown>()
      const events: Array<unknown> = []
      return {
        _tag: "Span",
        name,
        spanId: "0123456789abcdef",
        traceId: "0123456789abcdef0123456789abcdef",
        parent,
        annotations,
        status: { _tag: "Started", startTime },
        attributes,
        links,
        sampled,
        kind,
        end: (_endTime, exit) => onEnd({ name, attributes, events, exit }),
        attribute: (key, value) => {
          attributes.set(key, value)
        },
        event: (event, _startTime, eventAttributes) => {
          events.push([event, eventAttributes])
        },
        addLinks: () => {}
      }
    }
  })

/** The tracer that is there, which hands out each span that it begins. */
export const observing = (onBegin: (span: Tracer.Span) => void): Tracer.Tracer =>
  Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      onBegin(span)
      return span
    }
  })
