"use strict";

// The menu of small screens.
const button = document.querySelector(".menu-button");
if (button) {
    button.addEventListener("click", () => {
        const open = document.body.classList.toggle("menu-open");
        button.setAttribute("aria-expanded", String(open));
    });
}

// The filters of small screens.
const filterButton = document.querySelector(".filter-button");
if (filterButton) {
    filterButton.addEventListener("click", () => {
        const open = filterButton.parentElement.classList.toggle("filters-open");
        filterButton.setAttribute("aria-expanded", String(open));
    });
}

// One filter open at a time; a click elsewhere closes it.
const filters = [...document.querySelectorAll("details.filter")];
document.addEventListener("click", (event) => {
    for (const filter of filters) {
        if (!filter.contains(event.target)) {
            filter.open = false;
        }
    }
});
document.addEventListener("keydown", (event) => {
    const open = filters.find((filter) => filter.open);
    if (event.key === "Escape" && open) {
        open.open = false;
        open.querySelector("summary").focus();
    }
});

// The time zone of the browser, for people who sign in for the first time.
for (const field of document.querySelectorAll("[data-time-zone]")) {
    field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

// Buttons that copy a field, if the browser supports it.
for (const copier of document.querySelectorAll("[data-copy]")) {
    if (navigator.clipboard) {
        copier.hidden = false;
        copier.addEventListener("click", async () => {
            await navigator.clipboard.writeText(document.getElementById(copier.dataset.copy).value);
            copier.textContent = copier.dataset.copied;
        });
    }
}
