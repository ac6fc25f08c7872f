/* VADER's lexicon (C.J. Hutto, MIT licence, see NOTICE) inside the program. */
    .section .rodata
    .global offx_vader_lexicon
    .global offx_vader_lexicon_end
    .type offx_vader_lexicon, %object
    .balign 16
offx_vader_lexicon:
    .incbin OFFX_VADER_LEXICON
offx_vader_lexicon_end:
    .byte 0
    .size offx_vader_lexicon, . - offx_vader_lexicon
    .section .note.GNU-stack, "", %progbits
