/** Tracers that tell what they see. */
import * as Effect from "effect/Effect"
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
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      const events: Array<unknown> = []
      return {
        _tag: "Span",
        name,
        spanId: "0123456789abcdef",
        traceId: "0123456789abcdef0123456789abcdef",
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes,
        links,
        sampled: true,
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
    },
    context: (f) => f()
  })

/** The tracer that is there, which hands out each span that it begins. */
export const observing = (onBegin: (span: Tracer.Span) => void): Tracer.Tracer => {
  const tracer = Effect.runSync(Effect.tracer)
  return Tracer.make({
    span: (...args) => {
      const span = tracer.span(...args)
      onBegin(span)
      return span
    },
    context: (f, fiber) => tracer.context(f, fiber)
  })
}
