// `openclaw taas algorithm`: shows or sets the autorouter's algorithm for an agent, session or workspace.

import { usageError } from "./errors.js";
import { refuseUnknown, refuseUnknownAgent } from "./selectors.js";
import { table } from "./table.js";
import { clean } from "./text.js";

/** The argument that removes a setting. */
const CLEAR = "none";
const UNSET =
  "No algorithm is set. TaaS uses its default, unless the model's entry sets the header X-TaaS-Autorouter-Algorithm.";
const PRECEDENCE = "An algorithm of a session or workspace of this agent takes precedence.";

const targetOf = ({ agentId, sessionId }) => agentId ?? sessionId;

const COLUMNS = [
  { title: "AGENT OR SESSION", cell: targetOf, flexible: true },
  { title: "ALGORITHM", cell: (row) => row.algorithm },
];

/** @type {import("./tree.js").Command} */
export async function algorithm({ ask, params, args: [name] }) {
  if (name === undefined) {
    const status = await ask("taas.affinity.status", params);
    refuseUnknown(status, params);
    const { algorithms } = status;
    return {
      answer: { algorithms },
      lines: (style) => (algorithms.length > 0 ? table(algorithms, COLUMNS, style) : [UNSET]),
    };
  }
  if (Object.keys(params).length === 0) {
    throw usageError("add --agent, --session or --workspace to set an algorithm");
  }
  if (name !== CLEAR) {
    await refuseUnknownAgent(ask, params);
  }
  const set = { ...params, algorithm: name === CLEAR ? null : name };
  const answer = await ask("taas.autorouter.setAlgorithm", set);
  const now = clean(answer.algorithm ?? CLEAR);
  const before = clean(answer.previous ?? CLEAR);
  return {
    answer,
    lines: () => [
      `${clean(targetOf(answer))}: algorithm ${now} from the next call on (was ${before})`,
      ...(answer.agentId === undefined ? [] : [PRECEDENCE]),
    ],
  };
}
