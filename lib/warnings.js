// What the doctor finds and costs something is said in the gateway's log, once for each thing that it looks at.

/**
 * @param {object} parts
 * @param {import("../native.js").Affinity} parts.affinity
 * @param {ReturnType<typeof import("./faults.js").createFaults>} parts.faults
 * @param {() => object} parts.facts see facts.js
 * @returns {() => void} to be called when there may be something to tell; it never throws
 */
export function createWarnings({ affinity, faults: { attempt, warn }, facts }) {
  const tell = () => {
    const found = JSON.parse(affinity.costly(process.env, JSON.stringify(facts())));
    for (const { id, evidence, advice } of found) {
      warn(`doctor ${id}`, evidence, advice);
    }
  };
  return () =>
    attempt("doctor", "it is not known whether something costs more than it has to", tell);
}
