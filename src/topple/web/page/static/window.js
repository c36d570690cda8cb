// What does not depend on what is shown: the ways to the parts of the page, the address to be shared, light and dark.
import { byId } from "./dom.js";

for (const link of document.querySelectorAll(".steps a, .skip"))
  link.addEventListener("click", (event) => {
    event.preventDefault(); // what is behind the # is the view
    const part = byId(link.getAttribute("href").slice(1));
    part.scrollIntoView({ block: "start" });
    part.focus({ preventScroll: true });
  });

byId("share").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "address copied";
  } catch {
    button.textContent = "copy the address above"; // no clipboard here: the address bar has all of it
  }
  setTimeout(() => (button.textContent = "share"), 2500);
});

const THEME = "topple-theme";
function theme(chosen) {
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("dark").setAttribute("aria-pressed", dark ? "true" : "false");
}
byId("dark").addEventListener("click", () => {
  const other = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem(THEME, other);
  theme(other);
});
theme(localStorage.getItem(THEME));
