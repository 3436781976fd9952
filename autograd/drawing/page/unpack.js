// The theme that the reader's system prefers, where the page leaves it to that.
if (document.documentElement.dataset.theme === "auto") {
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
// A large page comes compressed: put its views in place, and its data where the script reads it.
const packed = JSON.parse(document.getElementById("data").textContent);
if (typeof packed === "string") {
  if (!window.DecompressionStream) {
    document.querySelector("main").textContent = "This page needs a browser of 2023 or later.";
    return;
  }
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const { views, data } = JSON.parse(await new Response(stream).text());
  document.getElementById("canvas").innerHTML = views;
  document.getElementById("data").textContent = data;
}
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
