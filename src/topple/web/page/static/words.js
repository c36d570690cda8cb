// What is said of an answer, in plain words.
import { counted, h, plainTitle, titled } from "./dom.js";

export const RULES = [
  ["unseen_before", "nothing of the history"],
  ["unseen_after", "what is switched off, too"],
  ["all", "all of the history, too"],
];
export const GOALS = [
  ["necessary", "leaves without them", "necessary"],
  ["sufficient", "stays with them alone", "sufficient"],
  ["both", "both", "necessary and sufficient"],
];
export const EFFORTS = [
  ["instant", "answer at once", "no proof is looked for"],
  ["balanced", "a moment", "a proof where it costs little"],
  ["proof", "up to half a minute", "a proof wherever one is found"],
];

// The sentence, with the titles in it as elements: the service marks each with a star before and behind it.
export function sentence(answer, history) {
  const known = [[answer.target_title, answer.target], ...zip(answer.item_titles, answer.items),
    ...zip(answer.replacement_titles, answer.replacements), ...history.map((one) => [one.title, one.item])];
  const marked = new Map(known.map(([title, item]) => [`*${title}*`, { title, item }]));
  const longest = [...marked.keys()].sort((a, b) => b.length - a.length);
  const parts = [];
  let text = "";
  for (let at = 0; at < answer.sentence.length; ) {
    const found = answer.sentence[at] === "*" && longest.find((each) => answer.sentence.startsWith(each, at));
    if (!found) {
      text += answer.sentence[at++];
      continue;
    }
    parts.push(text, titled(marked.get(found), "bdi"));
    parts.at(-1).classList.add("said");
    text = "";
    at += found.length;
  }
  return h("p", { class: "sentence" }, ...parts, text);
}

const zip = (one, other) => one.map((each, at) => [each, other[at]]);

const RETRAINED = "The model was not trained again: it is asked what it says of the changed history.";

// The proof in words: badges, each with what it means and what it does not.
export function proofs(answer) {
  const set = answer.items.length === 1 ? "this item" : "these items";
  const alone = answer.goal === "sufficient";
  const who = answer.proof_by && answer.proof_by !== "auto" && answer.proof_by !== answer.method ? ` It was proven by ${answer.proof_by}.` : "";
  if (answer.status === "impossible")
    return [badge("proven: no set does it", `It is proven that no set of items that may be named does it, however large.${who} ${RETRAINED}`)];
  if (answer.status === "budget_spent")
    return [badge("nothing found in time", `The search ended before a set was found. There may be one. ${RETRAINED}`)];
  if (answer.status === "not_found")
    return [badge("nothing found", `The method found no set. That there is none is not proven. ${RETRAINED}`)];
  if (answer.status !== "found") return [badge("could not be asked", "The question has no answer as it was asked.")];
  if (!answer.proof)
    return [badge("refuted", `The method named ${set}, the list was ranked again, and it is not true: they are not the reason. ${RETRAINED}`)];
  const change = alone ? `with ${set} alone the recommendation is still listed` : `without ${set} the recommendation is not listed any more`;
  const found = [badge("checked", `The whole list was ranked again: ${change}. It does not say that nothing else has the same effect. ${RETRAINED}`)];
  if (answer.proof !== "valid")
    found.push(badge("minimal", `${answer.items.length === 1 ? "It cannot" : "None of them can"} be spared: with ${answer.items.length === 1 ? "it" : "any one of them"} ${alone ? "left out" : "given back"}, it is not true any more. `
      + "By itself this does not say that no other, smaller set would do."));
  if (answer.proof === "minimum") {
    const least = answer.item_costs.length ? "cheapest" : "smallest";
    const fewer = answer.item_costs.length ? "no cheaper set would do" : `no set of fewer than ${counted(answer.items.length, "item")} would do`;
    found.push(badge(`proven ${least}`, `It is proven that ${fewer}.${who} Other sets that are as small may do it too. ${RETRAINED}`));
  } else if (answer.at_least > 1 && answer.at_least !== "infinity" && !answer.item_costs.length) {
    const fewest = Math.ceil(answer.at_least);
    found.push(badge(`no set of fewer than ${fewest} would do`, `It is proven that at least ${fewest} items are needed.${who} `
      + `The set has ${answer.items.length}. Whether one between the two would do is not known.`));
  }
  return found;
}

const badge = (name, meaning) => ({ name, meaning });

// What to try where no set was found.
export function tries(answer, view) {
  if (answer.status === "found" && answer.proof) return [];
  const found = [];
  if (answer.status !== "impossible" && view.method === "auto" && view.effort !== "proof") found.push({ name: "look longer", change: { effort: "proof" } });
  if (view.lock.length) found.push({ name: "unlock all items", change: { lock: [] } });
  if (view.largest) found.push({ name: "allow larger sets", change: { largest: null } });
  if (view.goal === "both") found.push({ name: "ask only what makes it leave", change: { goal: "necessary" } });
  if (view.goal === "necessary" && answer.status === "impossible") found.push({ name: "ask which items alone keep it", change: { goal: "sufficient" } });
  if (view.method !== "auto") found.push({ name: "ask the default method", change: { method: "auto" } });
  return found;
}

export function work(answer) {
  const ms = 1000 * answer.seconds;
  const time = ms < 1000 ? `${ms.toPrecision(ms < 10 ? 2 : 3)} ms` : `${answer.seconds.toPrecision(3)} s`;
  return `${answer.method === "auto" ? "" : `${answer.method}; `}tried ${counted(answer.cost, "history", "histories")}, ${time}`;
}

// The headline: what left, and what entered.
export function headline(changed, off, history, alone) {
  const names = new Map(history.map((one) => [one.item, one]));
  const gone = off.length <= 2 ? off.map((item) => brief(names.get(item) ?? { item })).join(" and ") : counted(off.length, "item");
  const start = alone ? `With ${counted(new Set(changed.changed).size, "item")} alone` : `Without ${gone}`;
  const told = [
    changed.left.length ? `${listed(changed.left)} ${changed.left.length > 1 ? "leave" : "leaves"}` : "",
    changed.entered.length ? `${listed(changed.entered)} ${changed.entered.length > 1 ? "enter" : "enters"}` : "",
  ].filter(Boolean);
  if (told.length) return `${start}: ${told.join("; ")}.`;
  return changed.moved.length ? `${start}: the same items, ${changed.moved.length} of them at other ranks.` : `${start}: the list is the same.`;
}

const LONG = 70;
const brief = (one) => (plainTitle(one).length > LONG ? `${plainTitle(one).slice(0, LONG - 1)}…` : plainTitle(one));

function listed(moved) {
  const titles = moved.map(brief);
  return titles.length > 3 ? `${titles.slice(0, 2).join(", ")} and ${titles.length - 2} more` : titles.join(titles.length === 2 ? " and " : ", ");
}
