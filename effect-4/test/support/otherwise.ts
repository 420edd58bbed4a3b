/**
 * The tests of line 3 that say of its platform what is otherwise here, each with why: they are skipped, and nothing else is.
 *
 * A test is named by its file and its suites. What begins with one of these is meant.
 */
import { beforeEach } from "vitest"
import { otherwise } from "./otherwise-list.ts"

beforeEach(({ skip, task }) => {
  const names: Array<string> = []
  for (let suite = task.suite; suite !== undefined; suite = suite.suite) names.unshift(suite.name)
  const file = task.file.name
  const name = [...names.filter((each) => each !== file), task.name].join(" > ")
  const known = otherwise.find((each) => file.endsWith(each.file) && name.startsWith(each.test))
  if (known !== undefined) skip(known.why)
})
