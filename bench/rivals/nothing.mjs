// Nothing: the empty wrapper, to show what the host's own calling costs.

const wrap =
  ({ streamFn }) =>
  (...args) =>
    streamFn(...args);

export default {
  id: "nothing",
  register(api) {
    api.registerProvider({
      id: "nothing",
      label: "Nothing",
      hookAliases: ["cloudsigma", "cloudsigma-staging"],
      auth: [],
      wrapStreamFn: wrap,
      wrapSimpleCompletionStreamFn: wrap,
      resolveTransportTurnState: () => undefined,
    });
  },
};
