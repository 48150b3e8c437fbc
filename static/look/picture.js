"use strict";

// The form for a picture: shows what was chosen, takes files that are dropped on it, and
// refuses those that are too large before they are sent.

(() => {
    const form = document.querySelector("form[data-most] input[type=file]")?.form;
    if (!form) {
        return;
    }
    const input = form.elements.file;
    const preview = form.querySelector("[data-preview]");
    const current = preview.innerHTML;

    function show(file) {
        const reader = new FileReader();
        reader.addEventListener("load", () => {
            const image = new Image(96, 96);
            image.className = "avatar-large";
            image.alt = "";
            image.src = reader.result;
            preview.replaceChildren(image);
        });
        reader.readAsDataURL(file);
    }

    input.addEventListener("change", () => {
        const [file] = input.files;
        const isTooLarge = file?.size > Number(form.dataset.most);
        input.setCustomValidity(isTooLarge ? form.dataset.tooLarge : "");
        preview.innerHTML = current;
        if (isTooLarge) {
            input.reportValidity();
        } else if (file?.type.startsWith("image/")) {
            show(file);
        }
    });

    form.addEventListener("dragover", (event) => {
        event.preventDefault();
        form.classList.add("is-target");
    });
    form.addEventListener("dragleave", () => form.classList.remove("is-target"));
    form.addEventListener("drop", (event) => {
        event.preventDefault();
        form.classList.remove("is-target");
        if (event.dataTransfer.files.length) {
            input.files = event.dataTransfer.files;
            input.dispatchEvent(new Event("change"));
        }
    });
})();
