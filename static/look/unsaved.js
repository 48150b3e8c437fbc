"use strict";

// Ask before leaving a page with a form that has unsaved input, unless the form is sent.

(() => {
    let isSending = false;

    function isChanged(field) {
        if (!field.name || field.disabled || ["hidden", "submit", "button"].includes(field.type)) {
            return false;
        }
        if (field.options) {
            const options = [...field.options];
            const initial = options.some((option) => option.defaultSelected);
            return initial || field.multiple
                ? options.some((option) => option.selected !== option.defaultSelected)
                : field.selectedIndex > 0;
        }
        if (field.type === "checkbox" || field.type === "radio") {
            return field.checked !== field.defaultChecked;
        }
        return field.value !== field.defaultValue;
    }

    // A form that was refused holds unsaved input from the start.
    const hasInput = () => [...document.querySelectorAll("form[data-asks]")].some(
        (form) => form.dataset.asks === "always" || [...form.elements].some(isChanged),
    );

    addEventListener("submit", (event) => {
        if (!event.defaultPrevented) {
            isSending = true;
        }
    });
    addEventListener("click", (event) => {
        if (event.target.closest?.("[data-discards]")) {
            isSending = true;
        }
    });
    // After going back to this page, its input is unsaved again.
    addEventListener("pageshow", () => { isSending = false; });
    addEventListener("beforeunload", (event) => {
        if (!isSending && hasInput()) {
            event.preventDefault();
        }
    });
})();
