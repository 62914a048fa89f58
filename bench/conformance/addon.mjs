// What the tests look at of the addon, answered by the ideal rival.

import { parts } from "../rivals/ideal.mjs";

const { table } = parts;

export const loadNative = () => ({
  latestByAgent: (id) => JSON.stringify(table.agents.get(id) ?? null),
  captureTableSize: () => ({
    sessions: table.sessions.size,
    agents: table.agents.size,
    limit: 256,
  }),
});
