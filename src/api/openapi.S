/* openapi.json inside the program, as it is. */
    .section .rodata
    .global offx_openapi
    .global offx_openapi_end
    .type offx_openapi, %object
    .balign 16
offx_openapi:
    .incbin OFFX_OPENAPI
offx_openapi_end:
    .byte 0
    .size offx_openapi, offx_openapi_end - offx_openapi
    .section .note.GNU-stack, "", %progbits
