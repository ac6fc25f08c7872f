/* The files of the dashboard inside the program, one behind the other; assets_table.inc says where each begins. */
    .section .rodata
    .global kOffxWebAssets
    .type kOffxWebAssets, %object
    .balign 16
kOffxWebAssets:
    .incbin OFFX_WEB_ASSETS
    .byte 0
    .size kOffxWebAssets, . - kOffxWebAssets
    .section .note.GNU-stack, "", %progbits
