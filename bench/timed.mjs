// Put around the plugin by gateway.mjs: adds up what its hooks take of the event loop, call by call, without
// what the host's own functions take that they call.

const TIMINGS = Symbol.for("openclaw-taas-affinity.bench.timings");

/** Milliseconds of each call so far; the last is the one that is open. */
const timings = () => (globalThis[TIMINGS] ??= []);

/** `body`, timed, less what runs inside of `theirs`. */
function clocked() {
  let theirs = 0;
  let began = 0;
  return {
    ours(body) {
      began = performance.now();
      theirs = 0;
      try {
        return body();
      } finally {
        const list = timings();
        if (list.length > 0) list[list.length - 1] += performance.now() - began - theirs;
      }
    },
    theirs(body) {
      const start = performance.now();
      try {
        return body();
      } finally {
        theirs += performance.now() - start;
      }
    },
  };
}

function timedWrapper(wrap) {
  return (context) => {
    timings().push(0);
    const clock = clocked();
    const { streamFn } = context;
    const inner = (model, streamContext, options, ...rest) => {
      const own = { ...options };
      for (const name of ["onPayload", "onResponse"]) {
        const hook = options?.[name];
        if (hook) own[name] = (...args) => clocked().ours(() => hook(...args));
      }
      return clock.theirs(() => streamFn(model, streamContext, own, ...rest));
    };
    const wrapped = clock.ours(() => wrap({ ...context, streamFn: inner }));
    return wrapped && ((...args) => clock.ours(() => wrapped(...args)));
  };
}

/** The plugin with its provider hooks timed, and a gateway method that tells the times. */
export function timed(plugin) {
  return {
    ...plugin,
    register(api) {
      plugin.register(
        new Proxy(api, {
          get(target, name) {
            if (name !== "registerProvider") return Reflect.get(target, name);
            return (given) =>
              target.registerProvider({
                ...given,
                wrapStreamFn: timedWrapper(given.wrapStreamFn),
                resolveTransportTurnState: (context) =>
                  clocked().ours(() => given.resolveTransportTurnState(context)),
                normalizeResolvedModel: (context) =>
                  clocked().ours(() => given.normalizeResolvedModel(context)),
              });
          },
        }),
      );
      api.registerGatewayMethod(
        "bench.timings",
        ({ respond }) => respond(true, { timings: timings() }),
        { scope: "operator.read" },
      );
    },
  };
}
