"use strict";

// Light or dark as on the other pages: the user's choice, else that of the system.
const system = matchMedia("(prefers-color-scheme: dark)");

function applyTheme() {
  const chosen = localStorage.getItem("theme");
  const dark = chosen === "dark" || (chosen !== "light" && system.matches);
  document.documentElement.classList.toggle("dark-mode", dark);
}

system.addEventListener("change", applyTheme);
applyTheme();
