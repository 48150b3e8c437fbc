"use strict";

// Light or dark as the other pages: what the person chose there, else what the system says.
const system = matchMedia("(prefers-color-scheme: dark)");

function dress() {
  const chosen = localStorage.getItem("theme");
  const dark = chosen === "dark" || (chosen !== "light" && system.matches);
  document.documentElement.classList.toggle("dark-mode", dark);
}

system.addEventListener("change", dress);
dress();
