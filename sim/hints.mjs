// Counts the requests to the simulated service that carried repository hints.

const HINTS = ["repo_name", "git_branch_hint", "git_dirty_hint"];

/** @param {import("./taas.mjs").TaasRequest} request */
const missingIn = ({ body }) =>
  HINTS.filter((hint) => body.metadata?.requester_runtime?.[hint] === undefined);

/**
 * Counts the requests with all three hints, among agent runs and among all, and lists the missing hints of the others.
 * Only a request of an agent run offers tools.
 *
 * @param {import("./taas.mjs").TaasRequest[]} requests
 */
export function countHints(requests) {
  const count = (some) => ({
    requests: some.length,
    hinted: some.filter((request) => missingIn(request).length === 0).length,
  });
  return {
    agentRuns: count(requests.filter(({ toolNames }) => toolNames.length > 0)),
    all: count(requests),
    lacking: requests
      .map((request) => ({
        request: request.index + 1,
        agent: request.agentId,
        lacks: missingIn(request),
      }))
      .filter(({ lacks }) => lacks.length > 0),
  };
}

/** The share of requests with all three hints, from 0 to 1. */
export const share = ({ requests, hinted }) => hinted / requests;
