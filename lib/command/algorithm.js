// `openclaw taas algorithm`: shows or sets the autorouter's algorithm for an agent, session or workspace.

import { CommandError } from "./errors.js";
import { table } from "./table.js";
import { clean, wrapped } from "./text.js";

/** The argument that removes a setting. */
const CLEAR = "none";

const targetOf = ({ agentId, sessionId }) => agentId ?? sessionId;

const COLUMNS = [
  { title: "AGENT OR SESSION", cell: targetOf, flexible: true },
  { title: "ALGORITHM", cell: ({ algorithm }) => algorithm },
];

async function show(ask, params) {
  const { algorithms } = await ask("taas.affinity.status", params);
  const empty =
    "No algorithm is set. TaaS uses its default, unless the model's entry sets the header X-TaaS-Autorouter-Algorithm.";
  return {
    answer: { algorithms },
    lines: (style) =>
      algorithms.length > 0 ? table(algorithms, COLUMNS, style) : wrapped(empty, style.width),
  };
}

async function set(ask, params, name) {
  if (Object.keys(params).length === 0) {
    throw CommandError.usage("add --agent, --session or --workspace to set an algorithm");
  }
  const algorithm = name === CLEAR ? null : name;
  const answer = await ask("taas.autorouter.setAlgorithm", { ...params, algorithm });
  const now = clean(answer.algorithm ?? CLEAR);
  const before = clean(answer.previous ?? CLEAR);
  const done = `${clean(targetOf(answer))}: algorithm ${now} from the next call on (was ${before})`;
  const precedence = "An algorithm of a session or workspace of this agent takes precedence.";
  return {
    answer,
    lines: ({ width }) => [
      ...wrapped(done, width),
      ...(answer.agentId === undefined ? [] : wrapped(precedence, width)),
    ],
  };
}

/** @type {import("./tree.js").View} */
export const view = {
  run: ({ ask, params, args: [name] }) =>
    name === undefined ? show(ask, params) : set(ask, params, name),
};
