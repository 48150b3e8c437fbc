"use strict";

// When a table was replaced in place, tick the same rows again and let Django's script
// for bulk actions know the new checkboxes.
(() => {
    const boxes = () => [...document.querySelectorAll("tr input.action-select")];
    let ticked = new Set();

    document.addEventListener("submit", () => {
        ticked = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
    }, true);
    document.addEventListener("in-place", () => {
        for (const box of boxes()) {
            box.checked = ticked.has(box.value);
        }
        if (boxes().length) {
            window.Actions(boxes());
            window.dispatchEvent(new PageTransitionEvent("pageshow"));  // updates the counter
        }
    });
})();
