"use strict";

// Sends forms with data-in-place without leaving the page, so that what is typed elsewhere
// on it stays. The answer is a whole page, as without JavaScript: each element with
// data-region takes over the content of the region of the same name there, and an empty
// region counts. A page without regions other than its messages is left as usual.
// Afterwards the event "in-place" on the document says which page was answered.
// No form is sent that is larger than the service accepts.
//
// data-in-place on a button instead sends the button's form with only the fields inside
// the nearest [data-adds]; all others are sent as they were when the page was opened.

(() => {
    const messages = document.querySelector("[data-region='messages']");
    let last = Promise.resolve();

    function isInPlace(form, button) {
        const wanted = "inPlace" in form.dataset || (button && "inPlace" in button.dataset);
        return wanted && document.querySelector("[data-region]:not([data-region='messages'])");
    }

    // The service would refuse it unread, and the page with the input would be gone.
    function isTooLarge(form) {
        const size = new URLSearchParams(new FormData(form)).toString().length;
        return form.method === "post" && size > Number(messages?.dataset.most);
    }

    function show(text) {
        const item = document.createElement("li");
        item.className = "error";
        item.textContent = text;
        const list = document.createElement("ul");
        list.className = "messagelist";
        list.append(item);
        messages.replaceChildren(list);
        messages.scrollIntoView({block: "nearest"});
    }

    // Reset all fields outside `part` to the values with which the page was opened.
    function keepOnly(part, data, form) {
        const others = [...form.elements].filter((field) => field.name && !["hidden", "submit"].includes(field.type) && !part.contains(field));
        for (const name of new Set(others.map((field) => field.name))) {
            const initial = [...form.querySelectorAll(`[name='${CSS.escape(`initial-${name}`)}']`)];
            const values = initial.length ? initial.map((field) => field.value)
                : others.filter((field) => field.name === name).flatMap(initialValues);
            data.delete(name);
            values.forEach((value) => data.append(name, value));
        }
    }

    function initialValues(field) {
        if (field.options) {
            return [...field.options].filter((option) => option.defaultSelected).map((option) => option.value);
        }
        if (field.type === "checkbox" || field.type === "radio") {
            return field.defaultChecked ? [field.value] : [];
        }
        return [field.defaultValue];
    }

    // Keep the keyboard where it was: on the button in the new content, or beside it if
    // its row has vanished.
    function focusKeys() {
        const {key, neighbour} = document.activeElement?.closest("[data-region]") ? document.activeElement.dataset : {};
        return [key, neighbour].filter(Boolean);
    }

    function refresh(page) {
        const keys = focusKeys();
        for (const region of document.querySelectorAll("[data-region]")) {
            const fresh = page.querySelector(`[data-region='${region.dataset.region}']`);
            if (fresh) {
                region.className = fresh.className;
                region.replaceChildren(...fresh.childNodes);
            }
        }
        const buttons = keys.map((key) => document.querySelector(`[data-key='${CSS.escape(key)}']`));
        buttons.find(Boolean)?.focus({preventScroll: true});
    }

    // The fields of a row that only we have just changed are as they were: its form may
    // still be saved. If anything else changed meanwhile, saving shows the conflict.
    function adoptState(page) {
        for (const form of document.querySelectorAll("form[id]")) {
            const fresh = page.getElementById(form.id);
            const initial = (one) => [...one.querySelectorAll("[name^='initial-']")].map((field) => [field.name, field.value]);
            if (fresh && JSON.stringify(initial(form)) === JSON.stringify(initial(fresh))) {
                for (const field of form.querySelectorAll("[name='version'], [name='once']")) {
                    field.value = fresh.querySelector(`[name='${field.name}']`)?.value ?? field.value;
                }
            }
        }
    }

    // Take over a page that was received; return whether it is one to take over.
    function receive(page, ok) {
        if (page.getElementById("login-form")) {
            show(messages.dataset.signedOut);
            return false;
        }
        if (!ok) {
            show(page.querySelector("[role='alert'], h1")?.textContent.trim() || messages.dataset.failed);
            return false;
        }
        refresh(page);
        adoptState(page);
        return true;
    }

    async function send(url, data) {
        const response = await fetch(url, {method: "POST", body: new URLSearchParams(data)});
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        if (!receive(page, response.ok)) {
            return false;
        }
        const refusal = page.querySelector("[role='alert']");
        if (refusal) {
            show(refusal.textContent.trim());
        }
        document.dispatchEvent(new CustomEvent("in-place", {detail: {page, response}}));
        return response.redirected;
    }

    document.addEventListener("submit", (event) => {
        const {target: form, submitter: button} = event;
        if (form.enctype === "multipart/form-data") {
            return;
        }
        if (isTooLarge(form)) {
            event.preventDefault();
            show(messages.dataset.tooLarge);
            return;
        }
        if (event.defaultPrevented || !isInPlace(form, button)) {
            return;
        }
        event.preventDefault();
        const data = new FormData(form, button);
        const part = button?.closest("[data-adds]");
        const added = part ? [...part.querySelectorAll("input:not([type='hidden']), textarea")] : [];
        const sent = new Map(added.map((field) => [field, field.value]));
        if (part) {
            keepOnly(part, data, form);
        }
        const url = button?.hasAttribute("formaction") ? button.formAction : form.getAttribute("action") || location.href;
        last = last.then(async () => {
            if (await send(url, data)) {
                // What was typed since then stays.
                added.filter((field) => field.value === sent.get(field)).forEach((field) => { field.value = ""; });
            }
        }).catch(() => show(messages.dataset.failed));
    });

    // From attach.js, which sends files itself to show their progress.
    document.addEventListener("page-received", ({detail}) => receive(detail.page, detail.ok));

    // Enter in a field of an addition adds it; elsewhere it saves the form.
    document.addEventListener("keydown", (event) => {
        const part = event.target.closest?.("[data-adds]");
        if (part && event.key === "Enter" && !event.isComposing && event.target.tagName === "INPUT") {
            event.preventDefault();
            part.querySelector("button").click();
        }
    });
})();
