// `openclaw taas algorithm`: by which algorithm the autorouter is to choose.

import { CommandError } from "./errors.js";
import { table } from "./table.js";
import { clean, wrapped } from "./text.js";

const CLEAR = "none";
const FOR_WHOM = "say for whom: --agent, --session or --workspace";

const who = ({ agentId, sessionId }) => agentId ?? sessionId;

const COLUMNS = [
  { title: "AGENT OR SESSION", cell: who, flexible: true },
  { title: "ALGORITHM", cell: ({ algorithm }) => algorithm },
];

async function show(ask, params) {
  const { algorithms } = await ask("taas.affinity.status", params);
  return {
    answer: { algorithms },
    lines: (style) =>
      algorithms.length > 0
        ? table(algorithms, COLUMNS, style)
        : wrapped("None is set: TaaS uses its default, or what the caller sets.", style.width),
  };
}

async function set(ask, params, name) {
  if (Object.keys(params).length === 0) {
    throw CommandError.asked(FOR_WHOM);
  }
  const algorithm = name === CLEAR ? null : name;
  const answer = await ask("taas.autorouter.setAlgorithm", { ...params, algorithm });
  const before = answer.previous ?? CLEAR;
  const isOfAgent = answer.agentId !== undefined;
  return {
    answer,
    lines: ({ width }) => [
      ...wrapped(
        `${clean(who(answer))}: ${clean(answer.algorithm ?? CLEAR)} from the next call on (was ${clean(before)})`,
        width,
      ),
      ...(isOfAgent
        ? wrapped("What is chosen for its session or workspace counts first.", width)
        : []),
    ],
  };
}

/** @type {import("./tree.js").View} */
export const view = {
  run: ({ ask, params, args: [name] }) =>
    name === undefined ? show(ask, params) : set(ask, params, name),
};
