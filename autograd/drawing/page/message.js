// In a frame the page tells its numbers to whoever holds it, and is told to change them.
const isFramed = window.parent !== window;
let telling = 0;
const tellNumbers = () => {
  if (!isFramed || telling) return;
  telling = requestAnimationFrame(() => {
    telling = 0;
    window.parent.postMessage({ whygrad: "numbers", numbers: window.whygrad.numbers(), changed: live.changed }, "*");
  });
};
const verbs = ["set", "nudge", "step", "reset", "go"];
if (isFramed && tape) {
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || !verbs.includes(event.data?.whygrad)) return;
    window.whygrad[event.data.whygrad](...(event.data.with ?? []));
  });
}
