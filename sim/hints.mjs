// Which of the requests that the simulated service received told of a repository.

const HINTS = ["repo_name", "git_branch_hint", "git_dirty_hint"];

/** @param {import("./taas.mjs").TaasRequest} request */
const lackedBy = ({ body }) =>
  HINTS.filter((hint) => body.metadata?.requester_runtime?.[hint] === undefined);

/**
 * How many requests carried all three hints, of agent runs and of all, and what the others lacked.
 * An agent is told by the tools on offer, which no simple completion has.
 *
 * @param {import("./taas.mjs").TaasRequest[]} requests
 */
export function countHints(requests) {
  const count = (some) => ({
    requests: some.length,
    hinted: some.filter((request) => lackedBy(request).length === 0).length,
  });
  return {
    agentRuns: count(requests.filter(({ toolNames }) => toolNames.length > 0)),
    all: count(requests),
    lacking: requests
      .map((request) => ({
        request: request.index + 1,
        agent: request.agentId,
        lacks: lackedBy(request),
      }))
      .filter(({ lacks }) => lacks.length > 0),
  };
}

/** The share of requests with all three hints, from 0 to 1. */
export const share = ({ requests, hinted }) => hinted / requests;
