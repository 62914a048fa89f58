// Whose requests a stream wrapper makes, and what all of them have in common. A gateway has few
// owners and makes a wrapper for every run, so what the addon decides of one is remembered.

/** How many owners are remembered. All are forgotten at once, which is simple and rare. */
const LIMIT = 256;

const unread = () => ({ number: undefined, text: undefined, metadata: undefined });

const textOf = (value) => (typeof value === "string" ? value : undefined);

/**
 * What every request of one owner is given.
 *
 * @typedef {object} Owner
 * @property {import("../index.js").Requester} requester
 * @property {Record<string, string>} headers
 * @property {Metadata} plain what is added to metadata that has none of our keys
 * @property {Metadata} hinted the same with what was known last of the workspace's repository
 * @property {Metadata} partial what was added last to metadata that has some of our keys
 * @property {number} noHintsUntil on the clock of `performance.now()`
 * @property {Promise<void> | undefined} hints while somebody waits for the repository hints
 */

/**
 * @typedef {object} Metadata
 * @property {number | undefined} number the addon's for the hints in it
 * @property {string | undefined} text as the addon gave it, once it was asked for
 * @property {object | undefined} metadata the same, parsed; to be copied, never handed out
 */

/**
 * @param {import("../index.js").Native} native
 * @param {import("../index.js").Affinity} affinity
 * @returns {(context: object) => Owner}
 */
export function createOwners(native, affinity) {
  const names = native.requestHeaders();
  /** By workspace directory: there is seldom more than one owner in each. */
  const remembered = new Map();
  let count = 0;

  function decide(given) {
    const requester = affinity.requester(given, process.env);
    const headers = {};
    const values = requester.headers().split("\n");
    for (const [index, name] of names.entries()) {
      if (values[index] !== "") {
        headers[name] = values[index];
      }
    }
    return {
      requester,
      headers,
      plain: unread(),
      hinted: unread(),
      partial: unread(),
      noHintsUntil: 0,
      hints: undefined,
    };
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

  return (context) => {
    const workspaceDir = textOf(context.workspaceDir);
    const agentDir = textOf(context.agentDir);
    const agentId = textOf(context.agentId);
    const provider = textOf(context.provider);
    const modelId = textOf(context.modelId);
    for (const { given, owner } of remembered.get(workspaceDir) ?? []) {
      if (
        given.agentId === agentId &&
        given.agentDir === agentDir &&
        given.provider === provider &&
        given.modelId === modelId
      ) {
        return owner;
      }
    }
    // Read once, so that what is remembered is what was decided.
    const given = { workspaceDir, agentDir, agentId, provider, modelId, model: context.model };
    const owner = decide(given);
    if (owner.requester.reusable) {
      given.model = undefined;
      remember(given, owner);
    }
    return owner;
  };
}
