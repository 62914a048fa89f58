// Whose calls they are, and what all of them have in common. A gateway has few owners and makes a
// wrapper for every run, so what the addon decides of one is remembered.

import { agentOfDirectory, soleAgent } from "../host/agents.js";
import { originOf } from "../host/models.js";

/** How many owners are remembered. All are forgotten at once, which is simple and rare. */
const LIMIT = 256;

const textOf = (value) => (typeof value === "string" ? value : undefined);

/**
 * @typedef {object} Owner
 * @property {import("../../native.js").Decided["handle"]} handle what the addon knows it by
 * @property {string} sessionId
 * @property {string} sessionSource
 * @property {string | null} agentId
 * @property {boolean} reusable
 * @property {Record<string, string>} headers what every request of the owner carries
 * @property {{ text?: string, metadata?: object }} said what was added last to a payload, as the addon gave it and
 *   parsed; to be copied, never handed out
 */

/**
 * @param {object} parts
 * @param {typeof import("../../native.js")} parts.native
 * @param {import("../../native.js").Affinity} parts.affinity
 * @param {object | undefined} parts.hostAgents the host's `runtime.agent`
 * @returns {(context: object, conversationId?: unknown) => Owner} for the context of any provider hook, and
 *   OpenClaw's own id of the session where that is to be an affinity session
 */
export function createOwners({ native, affinity, hostAgents }) {
  const names = native.requestHeaders();
  /** By workspace directory: there is seldom more than one owner in each. */
  const remembered = new Map();
  let count = 0;

  function decide(given) {
    const decided = affinity.requester(given, process.env);
    const headers = {};
    const values = decided.headers.split("\n");
    for (const [index, name] of names.entries()) {
      if (values[index] !== "") {
        headers[name] = values[index];
      }
    }
    return { ...decided, headers, said: { text: undefined, metadata: undefined } };
  }

  function remember(given, owner) {
    if (count >= LIMIT) {
      remembered.clear();
      count = 0;
    }
    count += 1;
    const others = remembered.get(given.workspaceDir);
    if (others === undefined) {
      remembered.set(given.workspaceDir, [{ given, owner }]);
    } else {
      others.push({ given, owner });
    }
  }

  /** Who a context names. A simple completion's own names nobody, but the model that it is for does. */
  function named(context) {
    const workspaceDir = textOf(context.workspaceDir);
    const agentDir = textOf(context.agentDir);
    const agentId = textOf(context.agentId);
    if (workspaceDir !== undefined || agentDir !== undefined || agentId !== undefined) {
      return { workspaceDir, agentDir, agentId };
    }
    return originOf(context.model)?.context ?? soleAgent(context.config, hostAgents) ?? {};
  }

  return (context, conversation) => {
    const conversationId = textOf(conversation);
    const { workspaceDir, agentDir, agentId } = named(context);
    const provider = textOf(context.provider);
    const modelId = textOf(context.modelId);
    for (const { given, owner } of remembered.get(workspaceDir) ?? []) {
      if (
        given.agentDir === agentDir &&
        given.asked === agentId &&
        given.conversationId === conversationId &&
        given.provider === provider &&
        given.modelId === modelId
      ) {
        return owner;
      }
    }
    // Read once, so that what is remembered is what was decided.
    const given = {
      workspaceDir,
      agentDir,
      agentId: agentId ?? agentOfDirectory(agentDir, context.config, hostAgents),
      conversationId,
      provider,
      modelId,
      model: context.model,
    };
    const owner = decide(given);
    if (owner.reusable) {
      remember(
        { workspaceDir, agentDir, asked: agentId, conversationId, provider, modelId },
        owner,
      );
    }
    return owner;
  };
}
